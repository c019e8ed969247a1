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
        var recoveries = disturbed.Happenings.Where(h => h.Action is ChaosAction.Kill && h.RecoverySeconds is not null).Select(h => h.RecoverySeconds!.Value).Order().ToList();
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
        screen.Line($"done to it   {string.Join(", ", disturbed.Happenings.GroupBy(h => h.Action).Select(g => $"{g.Count()} × {g.Key.ToString().ToLowerInvariant()}"))}");
        screen.Line($"lost work    {disturbed.LostMicroBatches} of {disturbed.Hashes.Count * recipe.Batch.MicroBatches} micro-batches, computed again by others");
        if (recoveries.Count > 0)
            screen.Line($"kill to next commit  median {recoveries[recoveries.Count / 2]:0.00} s, longest {recoveries[^1]:0.00} s; a step takes {disturbed.MedianStepSeconds:0.00} s");
        screen.Line($"audit        {disturbed.Audit.Verdict}");
        screen.Line(equal && exact
            ? "verdict      0 differing bits"
            : $"verdict      DIFFERENT{(firstDifference >= 0 ? $", first after step {firstDifference}" : "")}");
        return equal && exact;
    }
}
