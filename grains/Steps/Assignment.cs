using System.Diagnostics;

namespace SslOrleans.Grains.Steps;

/// <summary>Micro-batches that a worker has, and how long it has been at them.</summary>
/// <param name="worker">Who has them.</param>
/// <param name="leaves">Whole subtrees.</param>
/// <param name="expectedSpeed">Micro-batches a second; 0: not known.</param>
/// <param name="mark">Its bar in the timeline.</param>
internal sealed class Assignment(RunWorker worker, MicroBatchRange[] leaves, double expectedSpeed, LeaseTimeline.Mark mark)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    public RunWorker Worker { get; } = worker;

    public MicroBatchRange[] Leaves { get; } = leaves;

    public LeaseTimeline.Mark Mark { get; } = mark;

    public IReadOnlyList<int> MicroBatches { get; } = [.. leaves.SelectMany(l => Enumerable.Range(l.Start, l.Size))];

    public Task Task { get; set; } = Task.CompletedTask;

    /// <summary>It is leased twice, or is itself a second lease.</summary>
    public bool Doubled { get; set; }

    /// <summary>Seconds with the worker, without the wait for the coupling.</summary>
    public double Seconds => _clock.Elapsed.TotalSeconds;

    public void Pause() => _clock.Stop();

    public void Resume() => _clock.Start();

    public bool IsLate(double factor, TimeSpan patience)
        => _clock.IsRunning && LeaseBook.IsLate(Seconds, MicroBatches.Count, expectedSpeed, factor, patience.TotalSeconds);
}
