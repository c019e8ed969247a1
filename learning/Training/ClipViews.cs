using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Images;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Training;

/// <summary>Views of videos: frames that are all cropped and coloured by the same draws.</summary>
public sealed class ClipViews
{
    /// <summary>Numbers of the draws of a start in time stand apart from those of the pictures.</summary>
    private const int StartDraws = 1 << 20;

    private readonly Recipe _recipe;
    private readonly ViewRecipe[] _views;
    private readonly ViewSettings[] _settings;
    private readonly ViewSettings _evaluation;

    /// <param name="recipe">Its views of kind clip, and how they are normalised.</param>
    public ClipViews(Recipe recipe)
    {
        _recipe = recipe;
        _views = [.. recipe.Views.SelectMany(v => Enumerable.Repeat(v, v.Count))];
        var plan = ViewPlans.Of(recipe);
        _settings = [.. Enumerable.Range(0, plan.Count).Select(v => plan[v])];
        _evaluation = ViewSettings.Evaluation(_views[0].Crop.Size, ViewPlans.Normalization(recipe));
    }

    /// <summary>One view of samples.</summary>
    /// <param name="view">Its number.</param>
    /// <param name="positions">Samples and epochs.</param>
    /// <param name="frame">Frame t of a view of a sample that starts at a moment.</param>
    /// <param name="room">Moments that a view of a sample can start at.</param>
    public ViewBuffer Draw(int view, SamplePosition[] positions, Func<int, int, RgbImage> frame, Func<int, ClipViewRecipe, int> room)
    {
        var (clip, settings) = (_views[view].Clip, _settings[view]);
        var (values, masks) = (new float[positions.Length * clip.Frames * settings.Length], new List<bool>());
        for (var row = 0; row < positions.Length; row++)
        {
            var (epoch, sample) = positions[row];
            var free = room(sample, clip);
            var start = free > 1 ? (int)new RandomStream(_recipe.Seed, Purpose.View, epoch, sample, StartDraws + view).NextUInt32((uint)free) : 0;
            for (var t = 0; t < clip.Frames; t++)
                ViewRenderer.Render(frame(sample, start + (t * clip.Stride)), settings, _recipe.Seed, epoch, sample, view, values.AsSpan(((row * clip.Frames) + t) * settings.Length, settings.Length));
            if (clip.Mask.Kind != ClipMaskKind.None)
            {
                var side = settings.Crop.Size / _recipe.Backbone.PatchSize;
                masks.AddRange(GridMasks.Draw(clip.Mask, clip.Frames / _recipe.Backbone.TubeletFrames, side * side, Masks.Stream(_recipe.Seed, epoch, sample, view)));
            }
        }

        return new ViewBuffer(values, Shape(clip.Frames, settings), masks.Count > 0 ? [.. masks] : null);
    }

    /// <summary>Whole frames from a moment on, without augmentation.</summary>
    /// <param name="first">First sample.</param>
    /// <param name="count">How many.</param>
    /// <param name="frames">Frames of each.</param>
    /// <param name="frame">Frame t of a sample.</param>
    public ViewBuffer Whole(int first, int count, int frames, Func<int, int, RgbImage> frame)
    {
        var values = new float[count * frames * _evaluation.Length];
        for (var i = 0; i < count * frames; i++)
            ViewRenderer.Render(frame(first + (i / frames), i % frames), _evaluation, _recipe.Seed, 0, first + (i / frames), 0, values.AsSpan(i * _evaluation.Length, _evaluation.Length));
        return new ViewBuffer(values, Shape(frames, _evaluation));
    }

    /// <summary>Of a sample of so many frames.</summary>
    public long[] Shape(int frames) => Shape(frames, _evaluation);

    private static long[] Shape(int frames, ViewSettings settings) => [frames, 3, settings.Crop.Size, settings.Crop.Size];
}
