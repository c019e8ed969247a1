namespace SslOrleans.Grains.Steps;

/// <summary>
/// Which micro-batches of a step are done, and what is to be leased next. It knows neither clock nor network, so that
/// a run and its simulation keep the same book.
/// </summary>
public sealed class LeaseBook
{
    private readonly bool[] _done;
    private int _left;

    /// <param name="microBatches">M, the leaves of the tree.</param>
    public LeaseBook(int microBatches) => (_done, _left) = (new bool[microBatches], microBatches);

    /// <summary>Every micro-batch was computed.</summary>
    public bool IsComplete => _left == 0;

    /// <summary>Shares of what is neither done nor with a worker, for workers of these speeds.</summary>
    /// <param name="taken">Micro-batches that somebody computes.</param>
    /// <param name="speeds">Micro-batches per second of each free worker; 0 for one that was not measured yet.</param>
    /// <param name="typical">Speed that a newcomer is expected to have; 0 when nobody was measured.</param>
    /// <returns>Per worker its subtrees; empty when there is nothing to deal or nobody to deal it to.</returns>
    public IReadOnlyList<MicroBatchRange[]> Deal(IEnumerable<int> taken, IReadOnlyList<double> speeds, double typical)
    {
        if (speeds.Count == 0)
            return [];
        var free = new bool[_done.Length];
        for (var m = 0; m < _done.Length; m++)
            free[m] = !_done[m];
        foreach (var m in taken)
            free[m] = false;
        var open = new List<int>();
        for (var m = 0; m < _done.Length; m++)
        {
            if (free[m])
                open.Add(m);
        }

        var expected = typical > 0 ? typical : 1;
        return open.Count == 0 ? [] : StepPlanner.Deal(_done.Length, open, [.. speeds.Select(s => s > 0 ? s : expected)]);
    }

    /// <summary>A worker has brought these; those that nobody brought before are its credit.</summary>
    public MicroBatchRange[] Finish(IEnumerable<int> brought)
    {
        var first = brought.Where(m => !_done[m]).Order().ToList();
        foreach (var m in first)
            _done[m] = true;
        _left -= first.Count;
        return StepPlanner.Cover(_done.Length, first);
    }

    /// <summary>Those of them that are still to be computed, as subtrees: what a lost or late worker leaves to others.</summary>
    public MicroBatchRange[] Unfinished(IEnumerable<int> held) => StepPlanner.Cover(_done.Length, held.Where(m => !_done[m]).Order());

    /// <summary>Whether a worker has taken so long that its micro-batches are leased a second time.</summary>
    /// <param name="seconds">How long it has had them.</param>
    /// <param name="count">How many they are.</param>
    /// <param name="speed">Its expected speed; 0: nobody knows.</param>
    /// <param name="factor">The recipe's workers.secondLeaseFactor.</param>
    /// <param name="patience">Seconds that anybody is given.</param>
    public static bool IsLate(double seconds, int count, double speed, double factor, double patience)
        => speed > 0 && seconds > patience + (factor * count / speed);
}
