using System.Security.Cryptography;
using System.Text;

namespace SslOrleans.Grains.Records;

/// <summary>Where the ledgers of two runs of one recipe part.</summary>
/// <param name="Steps">Steps that both have.</param>
/// <param name="Step">The first of them with other weights, or on other positions; −1: none.</param>
/// <param name="Different">Work of that step that was compared in both runs (workers.verify) and gave other bits, by its name in the ledger.</param>
/// <param name="Same">Work of that step that was compared in both runs and gave the same bits.</param>
public sealed record LedgerComparison(int Steps, long Step, IReadOnlyList<string> Different, IReadOnlyList<string> Same)
{
    /// <summary>
    /// Compares two ledgers. The chain in the files covers times and names of workers, so it differs between any two runs; the chains made here
    /// cover what decides the weights (positions and hash of every step up to theirs), and where such chains differ they differ
    /// ever after: the first difference is found by bisection.
    /// </summary>
    public static LedgerComparison Of(IReadOnlyList<LedgerEntry> one, IReadOnlyList<LedgerEntry> other)
    {
        var steps = Math.Min(one.Count, other.Count);
        var (a, b) = (Chain(one, steps), Chain(other, steps));
        var (first, end) = (0, steps);
        while (first < end)
        {
            var middle = (first + end) / 2;
            if (a[middle].AsSpan().SequenceEqual(b[middle]))
                first = middle + 1;
            else
                end = middle;
        }

        if (first == steps)
            return new LedgerComparison(steps, -1, [], []);
        var theirs = (other[first].Verified ?? []).ToDictionary(v => v.Part, v => v.Hash);
        var both = (one[first].Verified ?? []).Where(v => theirs.ContainsKey(v.Part)).ToLookup(v => v.Hash == theirs[v.Part], v => v.Part);
        return new LedgerComparison(steps, first, [.. both[false]], [.. both[true]]);
    }

    private static List<byte[]> Chain(IReadOnlyList<LedgerEntry> entries, int steps)
    {
        var chain = new List<byte[]>(steps);
        foreach (var e in entries.Take(steps))
            chain.Add(SHA256.HashData([.. chain.Count > 0 ? chain[^1] : [], .. Encoding.UTF8.GetBytes($"{e.First}+{e.Count} {e.Hash}")]));
        return chain;
    }
}
