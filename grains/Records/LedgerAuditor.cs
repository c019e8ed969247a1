
namespace SslOrleans.Grains.Records;

/// <summary>Audits a ledger. It trusts no arithmetic of the run: positions are counted by sweeping over what the lines say.</summary>
internal static class LedgerAuditor
{
    public static LedgerAudit Audit(IReadOnlyList<LedgerEntry> entries, long samplesPerEpoch, int effectiveBatch, int microBatches)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(samplesPerEpoch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(effectiveBatch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(microBatches);
        string? problem = null;
        var wasted = 0L;
        for (var i = 0; i < entries.Count; i++)
        {
            problem ??= CheckPlace(entries[i], i, samplesPerEpoch, effectiveBatch) ?? CheckWork(entries[i], microBatches);
            wasted += entries[i].Lost.SelectMany(l => l.Leaves).Sum(l => LedgerEntry.ParseLeaves(l) is var (first, last) ? last - first + 1L : 0);
        }

        var end = (long)entries.Count * effectiveBatch;
        var epochs = Sweep(entries, samplesPerEpoch, end);
        var (lost, twice) = (epochs.Sum(e => e.Lost), epochs.Sum(e => e.Twice));
        if (lost > 0 || twice > 0)
            problem ??= $"{lost} positions lost, {twice} used twice";
        return new LedgerAudit(entries.Count, epochs.Sum(e => e.Used - e.Twice), lost, twice, epochs, wasted, problem)
        {
            Replaced = [.. entries.SelectMany(e => e.Replaced ?? [])],
        };
    }

    private static string? CheckPlace(LedgerEntry entry, int step, long samplesPerEpoch, int effectiveBatch)
    {
        if (entry.Step != step)
            return $"step {entry.Step} stands where step {step} belongs";
        if (entry.Count != effectiveBatch)
            return $"step {step} used {entry.Count} samples, the effective batch is {effectiveBatch}";
        if (entry.First != (long)step * effectiveBatch)
            return $"step {step} begins at position {entry.First}, the step before it ended at {(long)step * effectiveBatch}";
        return entry.Epoch == entry.First / samplesPerEpoch
            ? null
            : $"step {step} says epoch {entry.Epoch}, position {entry.First} is in epoch {entry.First / samplesPerEpoch}";
    }

    private static string? CheckWork(LedgerEntry entry, int microBatches)
    {
        var by = new string?[microBatches];
        foreach (var (worker, leaves) in entry.Work)
        {
            foreach (var text in leaves)
            {
                if (LedgerEntry.ParseLeaves(text) is not var (first, last) || last >= microBatches)
                    return $"step {entry.Step} credits {worker} with the micro-batches \"{text}\" of 0-{microBatches - 1}";
                for (var leaf = first; leaf <= last; leaf++)
                {
                    if (by[leaf] is { } other)
                        return $"step {entry.Step} has micro-batch {leaf} twice, from {other} and from {worker}";
                    by[leaf] = worker;
                }
            }
        }

        return Array.IndexOf(by, null) is var missing and >= 0 ? $"step {entry.Step} has nobody's micro-batch {missing}" : null;
    }

    /// <summary>How often each position in 0 … <paramref name="end"/> − 1 was used, added up by epoch.</summary>
    private static List<EpochAudit> Sweep(IReadOnlyList<LedgerEntry> entries, long samplesPerEpoch, long end)
    {
        var edges = new List<(long At, int Change)>();
        foreach (var entry in entries)
        {
            var from = Math.Clamp(entry.First, 0, end);
            var to = Math.Clamp(entry.First > end ? end : entry.First + Math.Max(0, entry.Count), 0, end);
            edges.Add((from, 1));
            edges.Add((to, -1));
        }

        edges.Sort();
        var used = new long[(end + samplesPerEpoch - 1) / samplesPerEpoch];
        var twice = new long[used.Length];
        var (at, depth) = (0L, 0);
        foreach (var (edge, change) in edges)
        {
            if (depth >= 1)
                Add(used, at, edge, samplesPerEpoch);
            if (depth >= 2)
                Add(twice, at, edge, samplesPerEpoch);
            (at, depth) = (edge, depth + change);
        }

        return [.. used.Select((u, epoch) =>
        {
            var reached = Math.Min(samplesPerEpoch, end - (epoch * samplesPerEpoch));
            return new EpochAudit(epoch, u, reached - u, twice[epoch], reached == samplesPerEpoch);
        })];
    }

    private static void Add(long[] byEpoch, long from, long to, long samplesPerEpoch)
    {
        while (from < to)
        {
            var epoch = from / samplesPerEpoch;
            var until = Math.Min(to, (epoch + 1) * samplesPerEpoch);
            byEpoch[epoch] += until - from;
            from = until;
        }
    }
}
