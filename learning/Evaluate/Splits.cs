using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Evaluate;

/// <summary>Which rows a probe trains on. Every choice is a function of the seed.</summary>
public static class Splits
{
    /// <summary>The numbers 0 … count−1 in random order.</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">Key of the draw.</param>
    /// <param name="draw">Counts the draws of a probe: its epoch, its repetition.</param>
    public static int[] Shuffle(int count, ulong seed, long draw)
    {
        var order = Enumerable.Range(0, count).ToArray();
        var random = new RandomStream(seed, Purpose.Evaluation, draw, 0, 0);
        for (var i = count - 1; i > 0; i--)
        {
            var j = (int)random.NextUInt32((uint)i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }

    /// <summary>
    /// The same share of every class, rounded, and at least one row of each; in ascending order (few-shot protocol, E29).
    /// </summary>
    /// <returns>The chosen rows and the others.</returns>
    public static (int[] Chosen, int[] Others) Stratified(IReadOnlyList<int> labels, double share, ulong seed, long draw)
    {
        var order = Shuffle(labels.Count, seed, draw);
        var room = labels.GroupBy(l => l).ToDictionary(g => g.Key, g => Math.Max(1, (int)Math.Round(share * g.Count())));
        var chosen = order.Where(row => room[labels[row]]-- > 0).Order().ToArray();
        var taken = chosen.ToHashSet();
        return (chosen, [.. Enumerable.Range(0, labels.Count).Where(row => !taken.Contains(row))]);
    }
}
