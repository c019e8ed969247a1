using System.Diagnostics;

namespace SslOrleans.Learning.Training;

/// <summary>
/// Makes micro-batches ahead of their use, on threads of its own and within bounded memory, so that decoding and augmentation overlap
/// computation. What a micro-batch holds depends on its position alone, never on whether, when or where it was prepared.
/// Safe for any number of threads.
/// </summary>
public sealed class ViewLoader : IDisposable
{
    private readonly IViewProvider _data;
    private readonly int _capacity;
    private readonly Dictionary<(long First, int Count), Order> _orders = [];
    private readonly LinkedList<Order> _queue = [];
    private readonly Thread[] _threads;
    private readonly object _gate = new();
    private bool _disposed;
    private long _waitedTicks;

    /// <param name="data">Renders.</param>
    /// <param name="threads">Background threads, at least 1.</param>
    /// <param name="capacity">Most micro-batches prepared or in preparation, the ones that are being waited for left aside.</param>
    public ViewLoader(IViewProvider data, int threads = 1, int capacity = 4)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        (_data, _capacity) = (data, capacity);
        _threads = [.. Enumerable.Range(0, threads).Select(i => new Thread(Work) { IsBackground = true, Name = $"views {i}" })];
        foreach (var thread in _threads)
            thread.Start();
    }

    /// <summary>Seconds that callers of <see cref="Take"/> waited.</summary>
    public double SecondsWaited => Stopwatch.GetElapsedTime(0, Interlocked.Read(ref _waitedTicks)).TotalSeconds;

    /// <summary>Micro-batches prepared or in preparation.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _orders.Count;
        }
    }

    /// <summary>Asks for a micro-batch ahead of its use. False when it is known already or the bound is reached: <see cref="Take"/> works all the same.</summary>
    /// <param name="first">First position.</param>
    /// <param name="count">Images.</param>
    public bool Prefetch(long first, int count)
    {
        lock (_gate)
        {
            if (_disposed || _orders.Count >= _capacity || _orders.ContainsKey((first, count)))
                return false;
            Enqueue(new Order(first, count), atOnce: false);
            return true;
        }
    }

    /// <summary>The views at a position, once: prepared ones, or made before anything else that waits. Dispose them after use.</summary>
    /// <exception cref="Contracts.UserErrorException">The data is not what it was, or does not decode.</exception>
    public async Task<MicroBatchViews> Take(long first, int count)
    {
        Order? order;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_orders.TryGetValue((first, count), out order))
                Enqueue(order = new Order(first, count), atOnce: true);
            else if (_queue.Remove(order))
                _queue.AddFirst(order);
            _orders.Remove((first, count));
        }

        if (order.Done.Task.IsCompletedSuccessfully)
            return order.Done.Task.Result;
        var started = Stopwatch.GetTimestamp();
        try
        {
            return await order.Done.Task.ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Add(ref _waitedTicks, Stopwatch.GetTimestamp() - started);
        }
    }

    /// <summary>Drops what was asked for at such first positions and not taken, as when a lease went to another worker.</summary>
    public void Drop(Predicate<long> unwanted)
    {
        lock (_gate)
        {
            foreach (var order in _orders.Values.Where(o => unwanted(o.First)).ToList())
                Drop(order);
        }
    }

    /// <summary>Ends the threads and drops everything that was not taken.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            foreach (var order in _orders.Values.ToList())
                Drop(order);
            foreach (var waiting in _queue)
                waiting.Done.TrySetException(new ObjectDisposedException(nameof(ViewLoader)));
            _queue.Clear();
            Monitor.PulseAll(_gate);
        }

        foreach (var thread in _threads)
            thread.Join();
    }

    private void Enqueue(Order order, bool atOnce)
    {
        _orders.Add((order.First, order.Count), order);
        if (atOnce)
            _queue.AddFirst(order);
        else
            _queue.AddLast(order);
        Monitor.Pulse(_gate);
    }

    private void Drop(Order order)
    {
        _orders.Remove((order.First, order.Count));
        _queue.Remove(order);
        order.Dropped = true;
        if (order.Done.Task.IsCompletedSuccessfully)
            order.Done.Task.Result.Dispose();
    }

    private void Work()
    {
        while (true)
        {
            Order order;
            lock (_gate)
            {
                while (_queue.Count == 0 && !_disposed)
                    Monitor.Wait(_gate);
                if (_disposed)
                    return;
                order = _queue.First!.Value;
                _queue.RemoveFirst();
            }

            try
            {
                var views = _data.Render(order.First, order.Count);
                lock (_gate)
                {
                    if (order.Dropped)
                        views.Dispose();
                    else
                        order.Done.SetResult(views);
                }
            }
            catch (Exception failure)
            {
                order.Done.SetException(failure);

                // Where nobody comes for it, nobody needs to know.
                _ = order.Done.Task.Exception;
            }
        }
    }

    private sealed class Order(long first, int count)
    {
        public long First { get; } = first;

        public int Count { get; } = count;

        public bool Dropped { get; set; }

        public TaskCompletionSource<MicroBatchViews> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
