using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Contracts;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Training;

/// <summary>The images of a recipe, rendered by its view plan.</summary>
public sealed class ImageTrainingData : ITrainingData
{
    [ThreadStatic]
    private static RgbImage? t_image;

    private readonly Recipe _recipe;
    private readonly Func<string, SourceOptions, IImageSource> _open;
    private readonly IImageSource _source;
    private readonly SampleOrder _order;
    private readonly ViewPlan _plan;
    private readonly ViewBufferPool _pool = new();
    private readonly long _totalSteps;
    private readonly Lazy<IReadOnlyList<string>> _notes;
    private readonly Lazy<EvaluationSet?> _train;
    private readonly Lazy<EvaluationSet?> _test;

    /// <param name="recipe">Which images and views.</param>
    /// <param name="path">A folder or shard on this machine.</param>
    /// <exception cref="UserErrorException">The data or the recipe's view of it is wrong.</exception>
    public ImageTrainingData(Recipe recipe, string path)
        : this(recipe, (split, options) => ImageSources.Open(path, split, options))
    {
    }

    /// <param name="recipe">Which images and views.</param>
    /// <param name="open">Opens a split of the data, wherever it is.</param>
    /// <exception cref="UserErrorException">The data or the recipe's view of it is wrong.</exception>
    public ImageTrainingData(Recipe recipe, Func<string, SourceOptions, IImageSource> open)
    {
        _recipe = recipe;
        _open = open;
        _source = open(recipe.Data.Split, new SourceOptions { Limit = recipe.Data.Limit, Bits = recipe.Data.Bits, Channels = recipe.Data.ChosenChannels(), UndecodableLimit = 1 });
        try
        {
            ChannelCheck.Check(_source, recipe.Data.ChosenChannels());
            SixteenBits.Check(_source, recipe.Data.Bits, recipe.Data.ChosenChannels());
            _order = recipe.Data.Imbalance switch
            {
                "balanced" => SampleOrder.ClassBalanced(Labels(_source), recipe.Seed),
                "long-tailed" => SampleOrder.LongTailed(Labels(_source), recipe.Data.ImbalanceRatio, recipe.Seed),
                _ => SampleOrder.Uniform(_source.Count, recipe.Seed),
            };
            CheckOnlineProbe(_source, recipe.Evaluation.Online.Classes);
            _plan = ViewPlans.Of(recipe);
            _totalSteps = ViewPlans.HasRamp(recipe) ? new RunPlan(recipe, _order.EpochLength).TotalSteps : 0;
        }
        catch
        {
            _source.Dispose();
            throw;
        }

        _notes = new Lazy<IReadOnlyList<string>>(() => DataNotes.Of(_source, _recipe));
        _train = new Lazy<EvaluationSet?>(() => EvaluationOf(_source));
        _test = new Lazy<EvaluationSet?>(OpenTest);
    }

    public long Samples => _order.EpochLength;

    public IReadOnlyList<string> Notes => _notes.Value;

    public string Fingerprint => _source.Fingerprint;

    /// <summary>Names of the classes in label order; empty when nothing names them.</summary>
    public IReadOnlyList<string> Classes => _source.Classes;

    /// <summary>Undecodable images that were replaced so far.</summary>
    public IReadOnlyDictionary<int, string> Undecodable => _source.Undecodable;

    public long[] SampleIds(long firstPosition, int count) => Array.ConvertAll(Positions(firstPosition, count), p => (long)p.SampleId);

    /// <summary>Samples and epochs at consecutive positions.</summary>
    internal SamplePosition[] Positions(long first, int count)
    {
        var positions = new SamplePosition[count];
        _order.Fill(first, positions);
        return positions;
    }

    public MicroBatchViews Render(long firstPosition, int count)
    {
        var positions = Positions(firstPosition, count);
        var plan = PlanAt(firstPosition);
        var replaced = new List<ReplacedSample>();
        var pixels = new float[plan.Count][];
        var descriptions = new float[plan.Count][];
        for (var v = 0; v < pixels.Length; v++)
            (pixels[v], descriptions[v]) = (_pool.Rent(count * plan[v].Length), new float[count * ViewDescription.Length]);
        try
        {
            t_image ??= new RgbImage();
            for (var row = 0; row < count; row++)
            {
                var (epoch, sample) = positions[row];
                var image = _source.Read(sample, t_image);
                if (_source.Undecodable.ContainsKey(sample))
                    replaced.Add(new ReplacedSample(firstPosition + row, sample, _source.Resolve(sample)));
                for (var v = 0; v < pixels.Length; v++)
                {
                    var drawn = ViewRenderer.Render(image, plan[v], _recipe.Seed, epoch, sample, v, pixels[v].AsSpan(row * plan[v].Length, plan[v].Length));
                    ViewDescription.Write(plan[v], drawn, image.Width, image.Height, descriptions[v].AsSpan(row * ViewDescription.Length, ViewDescription.Length));
                }
            }

            var masks = ViewPlans.MasksOf(_recipe, plan);
            return new MicroBatchViews(
                [.. positions.Select(p => (long)p.SampleId)],
                [.. pixels.Select((values, v) => new ViewBuffer(values, plan[v].Crop.Size, plan[v].Crop.Size, MasksOf(masks[v], v, positions)) { Descriptions = descriptions[v] })],
                LabelsOf(positions),
                () => _pool.GiveBack(pixels))
            {
                Replaced = replaced,
            };
        }
        catch
        {
            _pool.GiveBack(pixels);
            throw;
        }
    }

    public EvaluationSet? Evaluation(bool test) => (test ? _test : _train).Value;

    public void Dispose() => _source.Dispose();

    /// <summary>The views at a position: those of its step, when their size changes with training.</summary>
    private ViewPlan PlanAt(long position)
        => _totalSteps == 0 ? _plan : ViewPlans.Of(_recipe, position / _recipe.Batch.Effective, _totalSteps);

    /// <summary>Masks <c>[count, patches]</c> of a view, drawn per (seed, epoch, sample, view).</summary>
    private bool[]? MasksOf(MaskSettings? settings, int view, SamplePosition[] positions)
    {
        if (settings is null)
            return null;
        var patches = settings.Grid * settings.Grid;
        var hidden = new bool[positions.Length * patches];
        for (var row = 0; row < positions.Length; row++)
        {
            var random = Masks.Stream(_recipe.Seed, positions[row].Epoch, positions[row].SampleId, view);
            Masks.Draw(settings, ref random, hidden.AsSpan(row * patches, patches));
        }

        return hidden;
    }

    private EvaluationSet? OpenTest()
    {
        try
        {
            return EvaluationOf(_open(_recipe.Data.TestSplit, new SourceOptions { Limit = _recipe.Data.TestLimit, Bits = _recipe.Data.Bits, Channels = _recipe.Data.ChosenChannels() }));
        }
        catch (UserErrorException)
        {
            // A test split is optional; without one the probes that need it are left out.
            return null;
        }
    }

    private EvaluationSet EvaluationOf(IImageSource source)
    {
        var labels = new int[source.Count];
        var complete = true;
        for (var i = 0; i < labels.Length && complete; i++)
        {
            complete = source.Label(i) is not null;
            labels[i] = source.Label(i) ?? 0;
        }

        var size = _plan[0].Crop.Size;
        var settings = ViewSettings.Evaluation(size, ViewPlans.Normalization(_recipe));
        return new EvaluationSet(source.Count, complete ? labels : null, [3, size, size], (first, count) =>
        {
            var pixels = new float[count * settings.Length];
            t_image ??= new RgbImage();
            for (var i = 0; i < count; i++)
                ViewRenderer.Render(source.Read(first + i, t_image), settings, _recipe.Seed, 0, first + i, 0, pixels.AsSpan(i * settings.Length, settings.Length));
            return new ViewBuffer(pixels, size, size);
        });
    }

    private int[]? LabelsOf(SamplePosition[] positions)
    {
        var labels = new int[positions.Length];
        for (var row = 0; row < labels.Length; row++)
        {
            if (_source.Label(positions[row].SampleId) is not { } label)
                return null;
            labels[row] = label;
        }

        return labels;
    }

    private static void CheckOnlineProbe(IImageSource source, int classes)
    {
        for (var i = 0; i < source.Count && classes > 0; i++)
        {
            if (source.Label(i) is not { } label)
                throw new UserErrorException($"evaluation.online.classes is {classes}, but {source.Key(i)} in {source.Name} has no label; set it to 0: an online probe needs labels.");
            if (label >= classes)
                throw new UserErrorException($"evaluation.online.classes is {classes}, but {source.Key(i)} in {source.Name} has label {label}; give at least {label + 1}.");
        }
    }

    private static int[] Labels(IImageSource source)
        => [.. Enumerable.Range(0, source.Count).Select(i => source.Label(i)
            ?? throw new UserErrorException($"data.imbalance needs labels, and {source.Key(i)} in {source.Name} has none; set it to none."))];
}
