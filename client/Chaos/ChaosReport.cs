using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Client.Chaos;

/// <summary>Two runs side by side, and the verdict.</summary>
public static class ChaosReport
{
    /// <returns>True when no bit differs and every sample was used once.</returns>
    public static bool Print(Screen screen, Recipe recipe, ulong seed, ChaosOutcome calm, ChaosOutcome disturbed)
    {
        var firstDifference = Enumerable.Range(0, Math.Min(calm.Hashes.Count, disturbed.Hashes.Count)).FirstOrDefault(i => calm.Hashes[i] != disturbed.Hashes[i], -1);
        var equal = firstDifference < 0 && calm.Hashes.Count == disturbed.Hashes.Count && calm.Hash == disturbed.Hash;
        var exact = disturbed.Audit.IsExact;
        var recoveries = Recoveries(disturbed);
        if (screen.Json)
        {
            screen.JsonLine(new
            {
                recipe = recipe.Name,
                seed,
                undisturbed = calm.Hash,
                disturbed = disturbed.Hash,
                steps = disturbed.Hashes.Count,
                differingSteps = calm.Hashes.Zip(disturbed.Hashes).Count(p => p.First != p.Second),
                kills = disturbed.Happenings.Count(h => h.Action == ChaosAction.Kill),
                hangs = disturbed.Happenings.Count(h => h.Action == ChaosAction.Hang),
                leaves = disturbed.Happenings.Count(h => h.Action == ChaosAction.Leave),
                joins = disturbed.Happenings.Count(h => h.Action == ChaosAction.Join),
                slowed = disturbed.Happenings.Count(h => h.Action == ChaosAction.Slow),
                partitions = disturbed.Happenings.Count(h => h.Action == ChaosAction.Partition),
                missed = disturbed.Missed,
                rolledBackSteps = disturbed.RolledBack,
                events = disturbed.Happenings.Select(h => new { h.Step, action = Name(h.Action), target = Name(h.Target), h.Name, h.Detail, h.RecoverySeconds }),
                lostMicroBatches = disturbed.LostMicroBatches,
                medianStepSeconds = disturbed.MedianStepSeconds,
                killToCommitMedianSeconds = recoveries.Count > 0 ? recoveries[recoveries.Count / 2] : double.NaN,
                killToCommitMaximumSeconds = recoveries.Count > 0 ? recoveries[^1] : double.NaN,
                audit = disturbed.Audit.Verdict,
                bitEqual = equal,
                exact,
            });
            return equal && exact;
        }

        screen.Line();
        screen.Line($"undisturbed  {calm.Hash}  {calm.Hashes.Count} steps in {calm.Seconds:0.0} s, one worker");
        screen.Line($"disturbed    {disturbed.Hash}  {disturbed.Hashes.Count} steps in {disturbed.Seconds:0.0} s, seed {seed}");
        screen.Line($"done to it   {string.Join(", ", disturbed.Happenings.GroupBy(h => (h.Action, h.Target)).Select(g => $"{g.Count()} × {Name(g.Key.Action)}{(g.Key.Target == ChaosTarget.Workers ? "" : $" {Name(g.Key.Target)}")}"))}{(disturbed.Missed > 0 ? $"; {disturbed.Missed} planned events found nobody, or the run over" : "")}");
        screen.Line($"lost work    {disturbed.LostMicroBatches} of {disturbed.Hashes.Count * recipe.Batch.MicroBatches} micro-batches, computed again by others");
        foreach (var kind in disturbed.Happenings.Where(h => h.Action != ChaosAction.Join && h.RecoverySeconds is not null).GroupBy(h => (h.Action, h.Target)))
        {
            var some = kind.Select(h => h.RecoverySeconds!.Value).Order().ToList();
            screen.Line($"{Name(kind.Key.Action)} to next commit  median {some[some.Count / 2]:0.00} s, longest {some[^1]:0.00} s ({Name(kind.Key.Target)}); a step takes {disturbed.MedianStepSeconds:0.00} s");
        }

        if (disturbed.Happenings.Any(h => h.Target != ChaosTarget.Workers))
            screen.Line($"rolled back  {disturbed.RolledBack} steps");
        screen.Line($"audit        {disturbed.Audit.Verdict}");
        screen.Line(equal && exact
            ? "verdict      0 differing bits"
            : $"verdict      DIFFERENT{(firstDifference >= 0 ? $", first after step {firstDifference}" : "")}");
        return equal && exact;
    }

    /// <summary>Seconds from a kill to the next commit, in order.</summary>
    private static List<double> Recoveries(ChaosOutcome outcome)
        => [.. outcome.Happenings.Where(h => h.Action == ChaosAction.Kill && h.RecoverySeconds is not null).Select(h => h.RecoverySeconds!.Value).Order()];

    private static string Name<T>(T value)
        where T : struct, Enum
        => value.ToString().ToLowerInvariant();
}
