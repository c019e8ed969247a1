using System.Globalization;
using SslOrleans.Contracts;
using SslOrleans.Learning.Checkpoints;

namespace SslOrleans.Learning.Training;

/// <summary>
/// What a step that was not finite was given and made: views by micro-batch, as many as there was room for, and the embeddings. One
/// safetensors file: <c>samples/M</c>, <c>view/M/V</c>, <c>mask/M/V</c>, <c>description/M/V</c>, <c>labels/M</c>, <c>embedding/NAME</c>.
/// </summary>
public sealed class StepCapture
{
    /// <summary>Folder of a run's captures; in it one of each step, with the version beside <see cref="FileName"/>.</summary>
    public const string Folder = "captures";

    /// <summary>Name of the file in its folder.</summary>
    public const string FileName = "inputs.safetensors";

    private readonly SafetensorsFile _file;

    private StepCapture(SafetensorsFile file, long step, string problem) => (_file, Step, Problem) = (file, step, problem);

    /// <summary>The step.</summary>
    public long Step { get; }

    /// <summary>Where a run's storage has the capture of a step.</summary>
    public static string Path(string run, long step) => string.Create(CultureInfo.InvariantCulture, $"{run}/{Folder}/{step}/{FileName}");

    /// <summary>Why the run stopped, in words.</summary>
    public string Problem { get; }

    /// <summary>Embeddings of the effective batch, where the loss is on it.</summary>
    public IReadOnlyList<NamedArray> Embeddings
        => [.. _file.Entries.Where(e => e.Name.StartsWith("embedding/", StringComparison.Ordinal)).Select(e => new NamedArray(e.Name["embedding/".Length..], e.Shape, _file.Floats(e.Name), false))];

    /// <summary>Micro-batches whose views are here.</summary>
    public IReadOnlyList<int> MicroBatches
        => [.. _file.Entries.Where(e => e.Name.StartsWith("samples/", StringComparison.Ordinal)).Select(e => int.Parse(e.Name["samples/".Length..], CultureInfo.InvariantCulture)).Order()];

    /// <exception cref="UserErrorException">The bytes are no capture.</exception>
    public static StepCapture Parse(ReadOnlyMemory<byte> bytes, string where)
    {
        try
        {
            var file = SafetensorsFile.Parse(bytes);
            return file.Metadata.TryGetValue("step", out var step) && long.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && file.Metadata.TryGetValue("problem", out var problem)
                ? new StepCapture(file, number, problem)
                : throw new UserErrorException($"{where} is no capture of a step; a run that stops because something is not finite writes one to captures/STEP/{FileName}.");
        }
        catch (SafetensorsException e)
        {
            throw new UserErrorException($"{where}: {e.Message}", e);
        }
    }

    /// <summary>The file of a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="problem">Why the run stopped.</param>
    /// <param name="tensors">Of <see cref="Inputs"/> and <see cref="Embedding"/>.</param>
    public static byte[] Write(long step, string problem, IEnumerable<SafetensorsTensor> tensors)
        => SafetensorsWriter.ToArray(tensors, new Dictionary<string, string> { ["step"] = step.ToString(CultureInfo.InvariantCulture), ["problem"] = problem });

    public static SafetensorsTensor Embedding(NamedArray array) => new($"embedding/{array.Name}", array.Shape, array.Values);

    /// <summary>A micro-batch's views as tensors of the file.</summary>
    public static IEnumerable<SafetensorsTensor> Inputs(int microBatch, MicroBatchViews batch)
    {
        yield return new SafetensorsTensor($"samples/{microBatch}", [batch.SampleIds.Length], batch.SampleIds);
        if (batch.Labels is { } labels)
            yield return new SafetensorsTensor($"labels/{microBatch}", [labels.Length], labels.Select(l => (long)l).ToArray());
        for (var v = 0; v < batch.Views.Count; v++)
        {
            var view = batch.Views[v];
            long[] shape = [view.Rows, .. view.Shape];
            yield return view.Tokens is { } tokens ? new($"view/{microBatch}/{v}", shape, tokens) : new($"view/{microBatch}/{v}", shape, view.Values);
            if (view.Mask is { } mask)
                yield return new($"mask/{microBatch}/{v}", [view.Rows, mask.Length / view.Rows], mask.Select(m => m ? 1L : 0L).ToArray());
            if (view.Descriptions is { } descriptions)
                yield return new($"description/{microBatch}/{v}", [view.Rows, descriptions.Length / view.Rows], descriptions);
        }
    }

    /// <summary>The tensors of a file made of <see cref="Inputs"/>, to be put together with others.</summary>
    public static IEnumerable<SafetensorsTensor> Tensors(ReadOnlyMemory<byte> bytes)
    {
        var file = SafetensorsFile.Parse(bytes);
        return file.Entries.Select(e => e.Type == "I64" ? new SafetensorsTensor(e.Name, e.Shape, file.Integers(e.Name)) : new SafetensorsTensor(e.Name, e.Shape, file.Floats(e.Name)));
    }

    /// <summary>A micro-batch's views; null where there was no room for them.</summary>
    public MicroBatchViews? Views(int microBatch)
    {
        if (!_file.Contains($"samples/{microBatch}"))
            return null;
        var views = new List<ViewBuffer>();
        for (var v = 0; _file.Contains($"view/{microBatch}/{v}"); v++)
        {
            var entry = _file.Entry($"view/{microBatch}/{v}");
            var mask = _file.Contains($"mask/{microBatch}/{v}") ? _file.Integers($"mask/{microBatch}/{v}").Select(m => m != 0).ToArray() : null;
            var descriptions = _file.Contains($"description/{microBatch}/{v}") ? _file.Floats($"description/{microBatch}/{v}") : null;
            views.Add(entry.Type == "I64"
                ? new ViewBuffer(_file.Integers(entry.Name), entry.Shape[1..], mask) { Descriptions = descriptions }
                : new ViewBuffer(_file.Floats(entry.Name), entry.Shape[1..], mask) { Descriptions = descriptions });
        }

        var labels = _file.Contains($"labels/{microBatch}") ? _file.Integers($"labels/{microBatch}").Select(l => (int)l).ToArray() : null;
        return new MicroBatchViews(_file.Integers($"samples/{microBatch}"), views, labels);
    }
}

/// <summary>The views of a captured step; what it has no room for comes from the images.</summary>
/// <param name="capture">The step.</param>
/// <param name="plan">Where its micro-batches are in the order of samples.</param>
/// <param name="samples">Samples of the data set.</param>
/// <param name="images">Opens the images, where they are needed.</param>
public sealed class CapturedStep(StepCapture capture, RunPlan plan, long samples, Func<IViewProvider> images) : IViewProvider
{
    private readonly Lazy<IViewProvider> _images = new(images);

    public long Samples => samples;

    public long[] SampleIds(long firstPosition, int count)
        => count == plan.EffectiveBatch && capture.MicroBatches.Count == plan.MicroBatches
            ? [.. Enumerable.Range(0, plan.MicroBatches).SelectMany(m => capture.Views(m)!.SampleIds)]
            : _images.Value.SampleIds(firstPosition, count);

    public MicroBatchViews Render(long firstPosition, int count)
        => capture.Views((int)((firstPosition - plan.FirstPosition(capture.Step)) / plan.MicroBatch)) ?? _images.Value.Render(firstPosition, count);
}
