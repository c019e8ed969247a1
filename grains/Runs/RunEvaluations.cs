using System.Globalization;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Steps;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Runs;

/// <summary>
/// A run's probes: asks for them when a version is due, and takes results whenever they come. What goes wrong here is told and never
/// stops the training.
/// </summary>
internal sealed class RunEvaluations(
    IGrainFactory grains,
    RunBrief run,
    Recipe recipe,
    RunPlan plan,
    RunShape shape,
    WorkerRoster roster,
    RunMeters meters,
    MetricsLog metrics,
    Action<RunEventKind, long, string, Dictionary<string, double>?> tell)
{
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(50);

    private readonly HashSet<string> _told = [];
    private readonly RankWatch _rank = new();
    private readonly string[] _probes = [.. (recipe.Evaluation.Knn ? new[] { "knn" } : []).Concat(recipe.Evaluation.Probes).Distinct()];

    private IEvaluatorGrain Evaluator => grains.GetGrain<IEvaluatorGrain>(run.Run);

    /// <summary>Hands the present version over when it is the first, the last, or due; the training waits for the copy only.</summary>
    /// <param name="step">The version.</param>
    /// <param name="hash">Hash of its weights.</param>
    /// <param name="recorded">Steps in the ledger: versions that are computed again were evaluated before.</param>
    public async Task AskIfDue(long step, string hash, int recorded)
    {
        var every = recipe.Evaluation.EveryEpochs * plan.Samples / plan.EffectiveBatch;
        var atEnd = step >= plan.TotalSteps;
        var due = step == 0 || atEnd || (every > 0 && Math.Floor(step / every) > Math.Floor((step - 1) / every));
        if (!due || _probes.Length == 0 || step < recorded - (atEnd ? 0 : 1))
            return;
        try
        {
            var numerics = recipe.Workers.AllowMixedHardware ? "" : roster.NumericsClass ?? "";
            await Evaluator.Evaluate(new EvaluationOrder(run, shape.Tensors, step, hash, _probes, shape.DataFingerprint, numerics));
        }
        catch (Exception e)
        {
            tell(RunEventKind.Message, step, $"the probes of step {step} are left out: {e.Message}", null);
        }
    }

    /// <summary>Results go to metrics, meters and watchers.</summary>
    public void Take(EvaluationResult result)
    {
        foreach (var error in result.Errors.Where(_told.Add))
            tell(RunEventKind.Message, result.Step, error, null);
        if (result.Values.Count == 0)
            return;
        meters.Probed(result);
        if (result.Values.TryGetValue("rankme", out var rank) && _rank.Look(rank) is { } warning)
            tell(RunEventKind.Warning, result.Step, warning, null);
        metrics.Add(result.Step, result.Hash, result.Values);
        tell(RunEventKind.Probe, result.Step, string.Join(", ", result.Headlines.Select(h => Text(h, result.Values[h]))), result.Headlines.ToDictionary(h => h, h => result.Values[h]));
    }

    /// <summary>Returns when every version that was handed over has its results, or the user does not want to wait.</summary>
    public async Task Finish(Func<bool> stopping, Func<Task> waitForWorker)
    {
        try
        {
            while (!stopping() && (await Evaluator.Pending()).Length > 0)
            {
                await roster.Refresh(plan.TotalSteps);
                if (!roster.Live.Any())
                    await waitForWorker();
                await Task.Delay(s_tick);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            tell(RunEventKind.Message, plan.TotalSteps, $"the last probes are left out: {e.Message}", null);
        }
    }

    private static string Text(string name, double value) => name switch
    {
        "knn" => $"kNN {value.ToString("P1", CultureInfo.InvariantCulture)}",
        "linear" or "mlp" => $"{name} {value.ToString("P1", CultureInfo.InvariantCulture)}",
        "rankme" => $"RankMe {value.ToString("F1", CultureInfo.InvariantCulture)}",
        _ when name.StartsWith("fewshot.", StringComparison.Ordinal) => $"{name} {value.ToString("P1", CultureInfo.InvariantCulture)}",
        _ => $"{name} {value.ToString("G3", CultureInfo.InvariantCulture)}",
    };
}
