using System.Globalization;
using System.Runtime.InteropServices;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Data;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Training;

namespace SslOrleans.Client.Inspection;

/// <summary>
/// Computes the step again that stopped a run because something was not finite, in this process and from what the run kept of it, and
/// names the first operation that was not finite.
/// </summary>
public sealed class CaptureReplay(IRunStorage storage, string run, Recipe recipe, RunRecord record, IReadOnlyList<LedgerEntry> entries)
{
    /// <param name="what">The step, as it was typed.</param>
    /// <param name="file">The capture; null: the run's own.</param>
    /// <param name="screen">Where it is told.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="UserErrorException">There is no such capture, or it is of another step.</exception>
    public async Task<int> Tell(string what, string? file, Screen screen, CancellationToken cancellation)
    {
        if (!long.TryParse(what, NumberStyles.None, CultureInfo.InvariantCulture, out var step))
            throw new UserErrorException($"--replay is \"{what}\"; with --capture give the step that stopped the run.");
        var (capture, where) = await Read(step, file, cancellation);
        if (capture.Step != step)
            throw new UserErrorException($"{where} is of step {capture.Step}, and --replay is {step}; give --replay {capture.Step}.");
        var reader = await CheckpointReader.Open(new CheckpointStore(storage, run, StepCapture.Folder), $"the version in {run}/{StepCapture.Folder}/{step}", step);

        using var images = new Images(recipe, record);
        using var trainer = new LocalTrainer(recipe, new CapturedStep(capture, new RunPlan(recipe, record.Samples), record.Samples, images.Open));
        LedgerReplay.Restore(trainer, step, reader);
        if (step > 0 && step <= entries.Count && trainer.WeightsHash != entries[(int)step - 1].Hash)
            throw new UserErrorException($"{run}/{StepCapture.Folder}/{step} has other weights than the ledger after step {step - 1}; it is not of this run.");
        var watch = new FiniteWatch();
        trainer.Observe(watch);
        trainer.RunStep();
        var same = SameEmbeddings(capture.Embeddings, watch.Embeddings);
        if (screen.Json)
        {
            screen.JsonLine(new { run, step, problem = capture.Problem, capture = where, sameEmbeddings = same, first = watch.First is { } f ? new { part = f.Part.ToString(), name = f.Name, microBatch = f.MicroBatch, text = f.Text } : null });
            return watch.First is null ? ExitCodes.Failed : ExitCodes.Well;
        }

        screen.Line($"step {step} stopped the run: {capture.Problem}");
        if (same is { } equal)
            screen.Line($"computed again from {where}: its embeddings are {(equal ? "the run's, bit for bit" : "not the run's; this machine or its libraries compute otherwise")}");
        screen.Line(watch.First is { } first
            ? $"first that is not finite: {first.Text}"
            : "all of it is finite when it is computed again: what was not came from a fault of the machine or of its memory, or from other libraries; `workers.verify` in a recipe finds such a machine");
        return watch.First is null ? ExitCodes.Failed : ExitCodes.Well;
    }

    private async Task<(StepCapture Capture, string Where)> Read(long step, string? file, CancellationToken cancellation)
    {
        var where = file ?? StepCapture.Path(run, step);
        var bytes = file is not null
            ? File.Exists(file) ? await File.ReadAllBytesAsync(file, cancellation) : throw new UserErrorException($"--capture: there is no file {file}.")
            : await storage.Read(where, cancellation) ?? throw new UserErrorException($"There is no {where}: step {step} was finite, or the run could not keep it; its events say so (`sslo watch {run}`).");
        return (StepCapture.Parse(bytes, where), where);
    }

    /// <summary>Null where none were kept.</summary>
    private static bool? SameEmbeddings(IReadOnlyList<NamedArray> kept, IReadOnlyList<NamedArray> made)
        => kept.Count == 0 || made.Count == 0
            ? null
            : kept.All(k => made.FirstOrDefault(m => m.Name == k.Name) is { } m && MemoryMarshal.AsBytes(m.Values.AsSpan()).SequenceEqual(MemoryMarshal.AsBytes(k.Values.AsSpan())));

    /// <summary>The run's images, opened when a view is not in the capture.</summary>
    private sealed class Images(Recipe recipe, RunRecord record) : IDisposable
    {
        private ITrainingData? _data;

        public IViewProvider Open()
        {
            _data = TrainingData.Open(recipe, DataLocations.Access(record.DataPath));
            return _data.Fingerprint == record.DataFingerprint
                ? _data
                : throw new UserErrorException($"The images in {record.DataPath} have changed since the run, and the capture has not all views; bring the same back.");
        }

        public void Dispose() => _data?.Dispose();
    }
}
