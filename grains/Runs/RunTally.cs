using SslOrleans.Grains.Records;

namespace SslOrleans.Grains.Runs;

/// <summary>
/// What a run did that nobody asked for in so many words: images replaced, gradients clipped, work computed again. Counted from the run's
/// files, so that one which was resumed counts from its beginning; told once, at the end.
/// </summary>
internal static class RunTally
{
    /// <param name="ledger">All committed steps.</param>
    /// <param name="norms">Gradient norms by step, before clipping.</param>
    /// <param name="clip">Norm that gradients are clipped to; 0: they are not.</param>
    /// <param name="notes">What was told of the data when the training began.</param>
    /// <returns>In words; null where there is nothing to tell.</returns>
    public static string? Of(IReadOnlyList<LedgerEntry> ledger, IEnumerable<double> norms, double clip, IEnumerable<string> notes)
    {
        var parts = new List<string>();
        var replaced = ledger.SelectMany(e => e.Replaced ?? []).ToList();
        if (replaced.Count > 0)
            parts.Add($"{Count(replaced.Select(r => r.Sample).Distinct().Count(), "image")} replaced at {Count(replaced.Count, "position")}, because {(replaced.Count == 1 ? "it does" : "they do")} not decode (`sslo audit` lists them)");
        if (clip > 0)
        {
            var all = norms.ToList();
            parts.Add($"gradients of {all.Count(n => n > clip)} of {Count(all.Count, "step")} clipped to optimizer.clipGradientNorm {clip}");
        }

        var lost = ledger.Sum(e => e.Lost.Count);
        if (lost > 0)
            parts.Add($"{Count(lost, "lease")} of workers that left, died or were late computed by others ({string.Join(", ", ledger.SelectMany(e => e.Lost).GroupBy(l => l.Worker).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).Take(3).Select(g => $"{g.Key}: {g.Count()}"))})");
        var differed = ledger.Sum(e => e.Differed?.Count ?? 0);
        if (differed > 0)
            parts.Add($"{Count(differed, "result")} with other bits discarded");
        parts.AddRange(notes);
        return parts.Count > 0 ? $"in all: {string.Join("; ", parts)}" : null;
    }

    private static string Count(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";
}
