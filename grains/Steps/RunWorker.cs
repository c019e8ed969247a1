using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Grains.Steps;

/// <summary>A worker as the run sees it.</summary>
internal sealed class RunWorker(WorkerInfo info, IWorkerGrain grain)
{
    private readonly CancellationTokenSource _gone = new();

    public WorkerInfo Info { get; } = info;

    public IWorkerGrain Grain { get; } = grain;

    public string Name => Info.Name;

    /// <summary>It has built the networks, sees the same data and is of the run's numerics class.</summary>
    public bool Ready { get; set; }

    /// <summary>Calls that it has not answered, perhaps of an earlier step; while there is one it gets no lease.</summary>
    public int Calls { get; private set; }

    public bool Busy => Calls > 0;

    /// <summary>It failed, left or died; nothing more is asked of it.</summary>
    public bool Gone => _gone.IsCancellationRequested;

    /// <summary>Why it is gone, in a word for the ledger.</summary>
    public string GoneBecause { get; private set; } = "";

    /// <summary>Micro-batches per second, a moving average; 0 until measured.</summary>
    public double Speed { get; set; }

    public int MicroBatches { get; set; }

    public DateTimeOffset LastSeen { get; set; } = DateTimeOffset.UtcNow;

    /// <summary>Asks the worker something and counts the call while it lasts.</summary>
    /// <exception cref="WorkerGoneException">It is known to be gone before it has answered.</exception>
    public async Task<T> Ask<T>(Func<IWorkerGrain, Task<T>> question)
    {
        Calls++;
        try
        {
            var answer = await question(Grain).WaitAsync(_gone.Token);
            LastSeen = DateTimeOffset.UtcNow;
            return answer;
        }
        catch (OperationCanceledException) when (Gone)
        {
            throw new WorkerGoneException($"{Name}: {GoneBecause}");
        }
        finally
        {
            Calls--;
        }
    }

    public void Went(string because)
    {
        GoneBecause = because;
        _gone.Cancel();
    }

    public void Measured(int microBatches, double seconds)
    {
        if (seconds <= 0)
            return;
        var now = microBatches / seconds;
        Speed = Speed == 0 ? now : (0.7 * Speed) + (0.3 * now);
    }
}

/// <summary>The worker's silo died or it left while a question to it was open.</summary>
internal sealed class WorkerGoneException(string message) : Exception(message);
