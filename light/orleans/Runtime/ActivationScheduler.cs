using System.Collections.Concurrent;

namespace Orleans.Runtime;

/// <summary>Runs the turns of one activation, one at a time, on the thread pool.</summary>
internal sealed class ActivationScheduler(Activation activation) : TaskScheduler, IThreadPoolWorkItem
{
    /// <summary>How long one activation may keep a thread while others wait.</summary>
    private const int QuantumMilliseconds = 25;

    private static readonly ExecutionContext Clean = CaptureClean();
    private readonly ConcurrentQueue<Task> _turns = new();
    private int _scheduled;

    public override int MaximumConcurrencyLevel => 1;

    /// <summary>Queues a turn that knows nothing of the caller's ambient values.</summary>
    public void Post(Action<object?> turn, object? state)
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            new Task(turn, state).Start(this);
            return;
        }
        using (ExecutionContext.SuppressFlow())
            new Task(turn, state).Start(this);
    }

    void IThreadPoolWorkItem.Execute()
    {
        var outer = RuntimeContext.Current;
        RuntimeContext.Current = activation;
        var until = Environment.TickCount64 + QuantumMilliseconds;
        while (_turns.TryDequeue(out var turn))
        {
            TryExecuteTask(turn);
            ExecutionContext.Restore(Clean);
            if (Environment.TickCount64 > until)
                break;
        }
        RuntimeContext.Current = outer;
        Volatile.Write(ref _scheduled, 0);
        Interlocked.MemoryBarrier();
        if (!_turns.IsEmpty)
            Schedule(preferLocal: false);
    }

    protected override void QueueTask(Task task)
    {
        _turns.Enqueue(task);
        Schedule(preferLocal: RuntimeContext.Current is not null);
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && RuntimeContext.Current == activation && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks() => _turns;

    private void Schedule(bool preferLocal)
    {
        if (Interlocked.Exchange(ref _scheduled, 1) == 0)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal);
    }

    private static ExecutionContext CaptureClean()
    {
        ExecutionContext? clean = null;
        var thread = new Thread(() => clean = ExecutionContext.Capture());
        thread.UnsafeStart();
        thread.Join();
        return clean!;
    }
}
