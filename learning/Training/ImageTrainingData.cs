using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Data;

namespace SslOrleans.Learning.Training;

/// <summary>The images of a recipe, rendered by its view plan.</summary>
public sealed class ImageTrainingData : ITrainingData
{
    [ThreadStatic]
    private static RgbImage? t_image;

    private readonly Recipe _recipe;
    private readonly string _path;
    private readonly IImageSource _source;
    private readonly SampleOrder _order;
    private readonly ViewPlan _plan;
    private readonly Lazy<EvaluationSet?> _train;
    private readonly Lazy<EvaluationSet?> _test;

    /// <exception cref="UserErrorException">The data or the recipe's view of it is wrong.</exception>
    public ImageTrainingData(Recipe recipe, string path)
    {
        _recipe = recipe;
        _path = path;
        _source = ImageSources.Open(path, recipe.Data.Split, new SourceOptions { Limit = recipe.Data.Limit });
        _order = recipe.Data.Imbalance switch
        {
            "balanced" => SampleOrder.ClassBalanced(Labels(_source), recipe.Seed),
            "long-tailed" => SampleOrder.LongTailed(Labels(_source), recipe.Data.ImbalanceRatio, recipe.Seed),
            _ => SampleOrder.Uniform(_source.Count, recipe.Seed),
        };
        _plan = ViewPlans.Of(recipe);
        _train = new Lazy<EvaluationSet?>(() => EvaluationOf(_source));
        _test = new Lazy<EvaluationSet?>(OpenTest);
    }

    public long Samples => _order.EpochLength;

    public string Fingerprint => _source.Fingerprint;

    /// <summary>Undecodable images that were replaced so far.</summary>
    public IReadOnlyDictionary<int, string> Undecodable => _source.Undecodable;

    public long[] SampleIds(long firstPosition, int count)
    {
        var positions = new SamplePosition[count];
        _order.Fill(firstPosition, positions);
        return Array.ConvertAll(positions, p => (long)p.SampleId);
    }

    public MicroBatchViews Render(long firstPosition, int count)
    {
        var positions = new SamplePosition[count];
        _order.Fill(firstPosition, positions);
        var views = new float[_plan.Count][];
        for (var v = 0; v < views.Length; v++)
            views[v] = GC.AllocateUninitializedArray<float>(count * _plan[v].Length);
        t_image ??= new RgbImage();
        for (var row = 0; row < count; row++)
        {
            var (epoch, sample) = positions[row];
            var image = _source.Read(sample, t_image);
            for (var v = 0; v < views.Length; v++)
                ViewRenderer.Render(image, _plan[v], _recipe.Seed, epoch, sample, v, views[v].AsSpan(row * _plan[v].Length, _plan[v].Length));
        }

        return new MicroBatchViews(
            [.. positions.Select(p => (long)p.SampleId)],
            [.. views.Select((pixels, v) => new ViewBuffer(pixels, _plan[v].Crop.Size, _plan[v].Crop.Size))],
            LabelsOf(positions));
    }

    public EvaluationSet? Evaluation(bool test) => (test ? _test : _train).Value;

    public void Dispose()
    {
        _source.Dispose();
    }

    private EvaluationSet? OpenTest()
    {
        try
        {
            return EvaluationOf(ImageSources.Open(_path, _recipe.Data.TestSplit, new SourceOptions { Limit = _recipe.Data.TestLimit }));
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
        return new EvaluationSet(source.Count, complete ? labels : null, size, size, (first, count) =>
        {
            var pixels = new float[count * settings.Length];
            t_image ??= new RgbImage();
            for (var i = 0; i < count; i++)
                ViewRenderer.Render(source.Read(first + i, t_image), settings, _recipe.Seed, 0, first + i, 0, pixels.AsSpan(i * settings.Length, settings.Length));
            return pixels;
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

    private static int[] Labels(IImageSource source)
        => [.. Enumerable.Range(0, source.Count).Select(i => source.Label(i)
            ?? throw new UserErrorException($"data.imbalance needs labels, and {source.Key(i)} in {source.Name} has none; set it to none."))];
}

/// <summary>A recipe's views as the renderer knows them.</summary>
public static class ViewPlans
{
    public static ViewPlan Of(Recipe recipe)
        => new([.. recipe.Views.Select((v, i) => new ViewGroup($"views.{i}", v.Count, Settings(v, Normalization(recipe))))]);

    public static NormalizeSettings Normalization(Recipe recipe)
        => new([.. recipe.Normalize.Mean.Select(m => (float)m)], [.. recipe.Normalize.StandardDeviation.Select(s => (float)s)]);

    private static ViewSettings Settings(ViewRecipe v, NormalizeSettings normalize) => new()
    {
        Crop = new CropSettings
        {
            Size = v.Crop.Size,
            ScaleMin = (float)v.Crop.Scale[0],
            ScaleMax = (float)v.Crop.Scale[1],
            RatioMin = (float)v.Crop.Ratio[0],
            RatioMax = (float)v.Crop.Ratio[1],
            Interpolation = v.Crop.Interpolation == "bicubic" ? Interpolation.Bicubic : Interpolation.Bilinear,
        },
        FlipProbability = (float)v.Flip,
        Jitter = v.Jitter.Probability > 0
            ? new JitterSettings((float)v.Jitter.Probability, (float)v.Jitter.Brightness, (float)v.Jitter.Contrast, (float)v.Jitter.Saturation, (float)v.Jitter.Hue)
            : null,
        GrayscaleProbability = (float)v.Grayscale,
        Blur = v.Blur.Probability > 0 ? new BlurSettings((float)v.Blur.Probability, (float)v.Blur.Sigma[0], (float)v.Blur.Sigma[1]) : null,
        Solarize = v.Solarize.Probability > 0 ? new SolarizeSettings((float)v.Solarize.Probability, v.Solarize.Threshold) : null,
        Rotation = v.Rotation > 0 ? new RotationSettings(1, (float)v.Rotation) : null,
        Normalize = normalize,
    };
}
