using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Sounds;

namespace SslOrleans.Learning.Training;

/// <summary>The sounds of a recipe as stretches of log-mel spectrograms.</summary>
public sealed class SoundTrainingData : ITrainingData
{
    private readonly Recipe _recipe;
    private readonly ViewRecipe[] _views;
    private readonly SoundSet _sounds;
    private readonly SampleOrder _order;
    private readonly Lazy<EvaluationSet?> _test;
    private SoundSet? _held;

    /// <param name="recipe">Which sounds and views.</param>
    /// <param name="files">Opens the place of the sounds.</param>
    /// <exception cref="UserErrorException">There are no sounds.</exception>
    public SoundTrainingData(Recipe recipe, Func<IDataFiles> files)
    {
        _recipe = recipe;
        _views = [.. recipe.Views.SelectMany(v => Enumerable.Repeat(v, v.Count))];
        _sounds = SoundSet.Open(files(), recipe.Sound, recipe.Data.Split, recipe.Data.Limit);
        _order = SampleOrder.Uniform(_sounds.Count, recipe.Seed);
        Classes = [.. (_sounds.Labels ?? []).Distinct().Order(StringComparer.Ordinal)];
        var frames = _views.Max(v => v.Spectrogram.Frames);
        var brief = Enumerable.Range(0, _sounds.Count).Count(s => _sounds.Frames(s) < frames);
        Notes = [.. _sounds.Notes, .. brief == 0 ? Array.Empty<string>() : [$"{brief} of {_sounds.Count} sounds have fewer than views.*.spectrogram.frames ({frames}); silence follows them"]];
        _test = new Lazy<EvaluationSet?>(() => OpenTest(files));
    }

    public long Samples => _order.EpochLength;

    public string Fingerprint => _sounds.Fingerprint;

    public IReadOnlyList<string> Classes { get; }

    public IReadOnlyList<string> Notes { get; }

    public long[] SampleIds(long firstPosition, int count) => Array.ConvertAll(Positions(firstPosition, count), p => (long)p.SampleId);

    public MicroBatchViews Render(long firstPosition, int count)
    {
        var positions = Positions(firstPosition, count);
        var views = _views.Select((v, number) => View(v.Spectrogram, number, positions)).ToList();
        int[]? labels = _sounds.Labels is { } known ? [.. positions.Select(p => Number(known[p.SampleId]))] : null;
        return new MicroBatchViews([.. positions.Select(p => (long)p.SampleId)], views, labels);
    }

    public EvaluationSet? Evaluation(bool test) => test ? _test.Value : EvaluationOf(_sounds);

    public void Dispose()
    {
        _sounds.Dispose();
        _held?.Dispose();
    }

    private ViewBuffer View(SpectrogramViewRecipe settings, int view, SamplePosition[] positions)
    {
        var (bands, patch) = (_recipe.Sound.Bands, _recipe.Backbone.PatchSize);
        var one = bands * settings.Frames;
        var (values, masks) = (new float[positions.Length * one], new List<bool>());
        for (var row = 0; row < positions.Length; row++)
        {
            var (epoch, sample) = positions[row];
            SpectrogramViews.Draw(_sounds.Spectrogram(sample), _recipe.Sound, settings, _sounds.Silence, new RandomStream(_recipe.Seed, Purpose.View, epoch, sample, view), values.AsSpan(row * one, one));
            if (settings.Mask.Kind != SpectrogramMaskKind.None)
                masks.AddRange(GridMasks.Draw(settings.Mask, bands / patch, settings.Frames / patch, Masks.Stream(_recipe.Seed, epoch, sample, view)));
        }

        return new ViewBuffer(values, [1, bands, settings.Frames], masks.Count > 0 ? [.. masks] : null);
    }

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
            return EvaluationOf(_held = SoundSet.Open(files(), _recipe.Sound, _recipe.Data.TestSplit, _recipe.Data.TestLimit));
        }
        catch (UserErrorException)
        {
            // A test split is optional; without one the probes that need it are left out.
            return null;
        }
    }

    private EvaluationSet EvaluationOf(SoundSet sounds)
    {
        var (bands, frames) = (_recipe.Sound.Bands, _views[0].Spectrogram.Frames);
        int[]? labels = sounds.Labels is { } known && known.All(Classes.Contains) ? [.. known.Select(Number)] : null;
        return new EvaluationSet(sounds.Count, labels, [1, bands, frames], (first, count) =>
        {
            var values = new float[count * bands * frames];
            for (var i = 0; i < count; i++)
                SpectrogramViews.Middle(sounds.Spectrogram(first + i), bands, frames, sounds.Silence, values.AsSpan(i * bands * frames, bands * frames));
            return new ViewBuffer(values, [1, bands, frames]);
        });
    }

    private int Number(string label) => Classes.Index().First(c => c.Item == label).Index;
}
