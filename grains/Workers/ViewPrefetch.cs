using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Workers;

/// <summary>Has the next micro-batches of a worker prepared while one is computed; holds at most a few.</summary>
internal sealed class ViewPrefetch(IViewProvider data, RunPlan plan) : IDisposable
{
    private const int Ahead = 3;

    private readonly ViewLoader _loader = new(data, threads: 1, capacity: Ahead + 1);

    /// <summary>Seconds that somebody waited for views.</summary>
    public double WaitedSeconds => _loader.SecondsWaited;

    /// <summary>The views of the first of <paramref name="coming"/>; the ones behind it are begun.</summary>
    public Task<MicroBatchViews> Take(long step, IEnumerable<int> coming)
    {
        var next = coming.ToList();

        // A wrong guess must not take the place of what is needed.
        var (wanted, end) = (next.Select(m => plan.FirstPosition(step, m)).ToHashSet(), plan.FirstPosition(step + 1));
        _loader.Drop(first => first < end && !wanted.Contains(first));
        var taken = _loader.Take(plan.FirstPosition(step, next[0]), plan.MicroBatch);
        Begin(step, next.Skip(1).Take(Ahead));
        return taken;
    }

    /// <summary>Begins what the next step will probably ask for.</summary>
    public void Guess(long step, IEnumerable<int> microBatches)
    {
        if (step < plan.TotalSteps)
            Begin(step, microBatches.Take(Ahead));
    }

    public void Dispose() => _loader.Dispose();

    private void Begin(long step, IEnumerable<int> microBatches)
    {
        foreach (var microBatch in microBatches)
            _loader.Prefetch(plan.FirstPosition(step, microBatch), plan.MicroBatch);
    }
}
