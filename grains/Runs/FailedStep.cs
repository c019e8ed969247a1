using System.Runtime.InteropServices;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Steps;
using SslOrleans.Learning.Checkpoints;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Runs;

/// <summary>
/// Keeps what a step was given and made whose loss or gradient is not finite, in <c>captures/STEP</c> beside the checkpoints: the version that it
/// was computed with in a checkpoint's files, views and embeddings in <see cref="StepCapture.FileName"/>. <c>sslo audit --capture</c> reads it.
/// </summary>
internal static class FailedStep
{
    /// <summary>Views of more than this are left out; the images give them again. In bytes.</summary>
    private const long MostViews = 256 << 20;

    /// <summary>Writes the capture. A run that stops has a reason already, so a failure here is told and no more.</summary>
    /// <returns>What to add to that reason.</returns>
    public static async Task<string> Keep(RunContext run, PreparedRun prepared, StepOutcome outcome, string problem)
    {
        var step = run.Progress.Step;
        try
        {
            await new CheckpointStore(run.Services.Storage, run.Run, StepCapture.Folder).Write(await prepared.Slices.Snapshot(step, run.Progress.Hash));
            var tensors = new List<SafetensorsTensor>();
            var embeddings = new List<IReadOnlyList<NamedArray>>();
            foreach (var (result, _) in outcome.Results)
                embeddings.Add(await Embeddings(run, result));
            if (embeddings.Count > 0 && embeddings[0].Count > 0)
                tensors.AddRange(NamedArray.Concatenate(embeddings).Select(StepCapture.Embedding));

            // Those with something that is not finite first.
            var order = Enumerable.Range(0, outcome.Results.Count).OrderBy(m => float.IsFinite(outcome.Results[m].Result.Loss) && embeddings[m].All(e => e.Values.All(float.IsFinite)) ? 1 : 0).ToList();
            var (bytes, kept) = (0L, 0);
            foreach (var m in order)
            {
                var worker = run.Roster.Live.OrderBy(w => w.Busy).First();
                var payload = await worker.Ask(w => w.Views(run.Brief, step, outcome.Results[m].Result.MicroBatch));
                if (bytes + payload.Length > MostViews)
                    break;
                (bytes, kept) = (bytes + payload.Length, kept + 1);
                tensors.AddRange(StepCapture.Tensors(MemoryMarshal.AsBytes((await run.Services.Payloads.Take(payload)).AsSpan()).ToArray()));
            }

            var path = StepCapture.Path(run.Run, step);
            await run.Services.Storage.Write(path, StepCapture.Write(step, problem, tensors));
            run.Progress.Tell(RunEventKind.Message, $"views of {kept} of {outcome.Results.Count} micro-batches, embeddings and weights of step {step} are in {path}");
            return $" `sslo audit {run.Run} --replay {step} --capture` computes the step again and names the first operation that was not finite.";
        }
        catch (Exception e)
        {
            run.Progress.Tell(RunEventKind.Message, $"what step {step} was given and made could not be kept: {e.Message}");
            return "";
        }
    }

    private static async Task<IReadOnlyList<NamedArray>> Embeddings(RunContext run, MicroBatchResult result)
    {
        var taken = new List<NamedArray>();
        foreach (var block in result.Embeddings)
            taken.Add(new NamedArray(block.Name, block.Shape, await run.Services.Payloads.Take(block.Values), block.RequiresGradient));
        return taken;
    }
}
