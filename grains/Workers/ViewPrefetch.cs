using System.Diagnostics;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Workers;

/// <summary>Renders the next micro-batches while one is computed; holds at most a few.</summary>
internal sealed class ViewPrefetch(IViewProvider data, RunPlan plan)
{
    private const int Ahead = 2;

    private readonly Dictionary<(long Step, int MicroBatch), Task<MicroBatchViews>> _rendering = [];

    /// <summary>Seconds that somebody waited for views.</summary>
    public double WaitedSeconds { get; private set; }

    /// <summary>The views of the first of <paramref name="coming"/>; the ones behind it are begun.</summary>
    public async Task<MicroBatchViews> Take(long step, IEnumerable<int> coming)
    {
        var next = coming.Take(Ahead + 1).ToList();
        foreach (var stale in _rendering.Keys.Where(k => k.Step < step).ToList())
            _rendering.Remove(stale);
        foreach (var microBatch in next)
            Begin(step, microBatch);
        var started = Stopwatch.GetTimestamp();
        var views = await _rendering[(step, next[0])];
        WaitedSeconds += Stopwatch.GetElapsedTime(started).TotalSeconds;
        _rendering.Remove((step, next[0]));
        return views;
    }

    /// <summary>Begins what the next step will probably ask for.</summary>
    public void Guess(long step, IEnumerable<int> microBatches)
    {
        if (step >= plan.TotalSteps)
            return;
        foreach (var microBatch in microBatches.Take(Ahead))
            Begin(step, microBatch);
    }

    private void Begin(long step, int microBatch)
    {
        if (!_rendering.ContainsKey((step, microBatch)))
            _rendering[(step, microBatch)] = Task.Run(() => data.Render(plan.FirstPosition(step, microBatch), plan.MicroBatch));
    }
}
