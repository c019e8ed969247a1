using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Clips;
using SslOrleans.Learning.Data;

namespace SslOrleans.Learning.Training;

/// <summary>The videos of a recipe as clips from starts that are drawn.</summary>
public sealed class VideoTrainingData : ITrainingData
{
    private readonly Recipe _recipe;
    private readonly ClipViews _views;
    private readonly int _count;
    private readonly ClipViewRecipe _first;
    private readonly ClipSet _clips;
    private readonly SampleOrder _order;
    private readonly Lazy<EvaluationSet?> _test;
    private ClipSet? _held;

    /// <param name="recipe">Which videos and views.</param>
    /// <param name="files">Opens the place of the videos.</param>
    /// <exception cref="UserErrorException">There are no videos.</exception>
    public VideoTrainingData(Recipe recipe, Func<IDataFiles> files)
    {
        (_recipe, _views, _count, _first) = (recipe, new ClipViews(recipe), recipe.Views.Sum(v => v.Count), recipe.Views[0].Clip);
        _clips = ClipSet.Open(files(), recipe.Data.Split, recipe.Data.Limit);
        _order = SampleOrder.Uniform(_clips.Count, recipe.Seed);
        Classes = [.. (_clips.Labels ?? []).Distinct().Order(StringComparer.Ordinal)];
        var brief = Enumerable.Range(0, _clips.Count).Count(c => recipe.Views.Any(v => _clips.Frames(c) < Span(v.Clip)));
        Notes = [.. _clips.Notes, .. brief == 0 ? Array.Empty<string>() : [$"{brief} of {_clips.Count} videos are shorter than a view (views.*.clip.frames, stride); their last frame is repeated"]];
        _test = new Lazy<EvaluationSet?>(() => OpenTest(files));
    }

    public long Samples => _order.EpochLength;

    public string Fingerprint => _clips.Fingerprint;

    public IReadOnlyList<string> Classes { get; }

    public IReadOnlyList<string> Notes { get; }

    public long[] SampleIds(long firstPosition, int count) => Array.ConvertAll(Positions(firstPosition, count), p => (long)p.SampleId);

    public MicroBatchViews Render(long firstPosition, int count)
    {
        var positions = Positions(firstPosition, count);
        var views = Enumerable.Range(0, _count).Select(v => _views.Draw(v, positions, _clips.Frame, (clip, settings) => _clips.Frames(clip) - Span(settings) + 1)).ToList();
        int[]? labels = _clips.Labels is { } known ? [.. positions.Select(p => Number(known[p.SampleId]))] : null;
        return new MicroBatchViews([.. positions.Select(p => (long)p.SampleId)], views, labels);
    }

    public EvaluationSet? Evaluation(bool test) => test ? _test.Value : EvaluationOf(_clips);

    public void Dispose()
    {
        _clips.Dispose();
        _held?.Dispose();
    }

    /// <summary>Frames of the video from the first to the last of a view.</summary>
    private static int Span(ClipViewRecipe view) => ((view.Frames - 1) * view.Stride) + 1;

    private SamplePosition[] Positions(long first, int count)
    {
        var positions = new SamplePosition[count];
        _order.Fill(first, positions);
        return positions;
    }

    private EvaluationSet? OpenTest(Func<IDataFiles> files)
    {
        try
        {
            return EvaluationOf(_held = ClipSet.Open(files(), _recipe.Data.TestSplit, _recipe.Data.TestLimit));
        }
        catch (UserErrorException)
        {
            // A test split is optional; without one the probes that need it are left out.
            return null;
        }
    }

    /// <summary>The middle clip of each video.</summary>
    private EvaluationSet EvaluationOf(ClipSet clips)
    {
        int[]? labels = clips.Labels is { } known && known.All(Classes.Contains) ? [.. known.Select(Number)] : null;
        return new EvaluationSet(clips.Count, labels, _views.Shape(_first.Frames), (first, count)
            => _views.Whole(first, count, _first.Frames, (clip, t) => clips.Frame(clip, Math.Max(0, (clips.Frames(clip) - Span(_first)) / 2) + (t * _first.Stride))));
    }

    private int Number(string label) => Classes.Index().First(c => c.Item == label).Index;
}
