using System.Collections.Concurrent;
using System.Diagnostics;
using SslOrleans.Learning.Backbones;

namespace SslOrleans.Learning.Training;

/// <summary>
/// A replica on which several micro-batches may be under way, each on a thread of its own: one computes, the others wait at their
/// meetings. With batch norm over the micro-batch one thread does it all, one micro-batch after the other.
/// </summary>
public sealed class Lane : IDisposable
{
    private readonly string _name;
    private readonly SemaphoreSlim _turn;
    private readonly ConcurrentBag<ComputeThread> _idle = [];
    private readonly ComputeThread _main;
    private Replica? _replica;

    /// <param name="name">For debuggers.</param>
    /// <param name="turn">Shared by lanes of which one computes at a time; its own when null.</param>
    public Lane(string name, SemaphoreSlim? turn = null)
        => (_name, _turn, _main) = (name, turn ?? new SemaphoreSlim(1, 1), new ComputeThread(name));

    /// <summary>Builds the replica on the lane's thread.</summary>
    public async Task<Replica> Open(Func<Replica> build) => _replica = await Run(build);

    /// <summary>Runs work that meets nobody, alone on the replica.</summary>
    public Task<T> Run<T>(Func<T> work) => _main.Run(() => InTurn(work));

    /// <inheritdoc cref="Run{T}(Func{T})"/>
    public Task Run(Action work) => Run(() =>
    {
        work();
        return true;
    });

    /// <summary>Runs work on a micro-batch that suspends at its meetings; other work of the lane goes on meanwhile.</summary>
    public async Task<T> RunMeeting<T>(Func<T> work)
    {
        if (!_idle.TryTake(out var thread))
        {
            thread = new ComputeThread($"{_name} meeting");
            await thread.Run(_replica!.PrepareThread);
        }

        try
        {
            return await thread.Run(() => InTurn(work));
        }
        finally
        {
            _idle.Add(thread);
        }
    }

    /// <summary>The meetings of one micro-batch of this lane.</summary>
    /// <param name="microBatches">M.</param>
    /// <param name="bring">Brings values to a meeting and gets the total.</param>
    public LaneMeeting Meeting(int microBatches, Func<int, double[], Task<double[]>> bring) => new(_turn, microBatches, bring);

    public void Dispose()
    {
        _main.Dispose();
        foreach (var thread in _idle)
            thread.Dispose();
    }

    private T InTurn<T>(Func<T> work)
    {
        _turn.Wait();
        try
        {
            return work();
        }
        finally
        {
            _turn.Release();
        }
    }
}

/// <summary>A micro-batch's meetings; while it waits its lane belongs to the others.</summary>
public sealed class LaneMeeting(SemaphoreSlim turn, int microBatches, Func<int, double[], Task<double[]>> bring) : IBatchMeeting
{
    private double _waited;

    public int MicroBatches => microBatches;

    public double[] Total(int meeting, double[] values)
    {
        var started = Stopwatch.GetTimestamp();
        turn.Release();
        try
        {
            return bring(meeting, values).GetAwaiter().GetResult();
        }
        finally
        {
            turn.Wait();
            _waited += Stopwatch.GetElapsedTime(started).TotalSeconds;
        }
    }

    /// <summary>Seconds at meetings since the last call.</summary>
    public double TakeWaitedSeconds()
    {
        var waited = _waited;
        _waited = 0;
        return waited;
    }
}
