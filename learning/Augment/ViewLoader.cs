using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using SslOrleans.Learning.Data;

namespace SslOrleans.Learning.Augment;

/// <summary>
/// Makes the views of micro-batches, ahead of their use on background threads and within bounded memory.
/// What a batch holds depends on its samples alone, never on whether, when or where it was prepared. Safe for any number of threads.
/// </summary>
public sealed class ViewLoader : IDisposable
{
    [ThreadStatic]
    private static RgbImage? t_image;

    private readonly IImageSource _source;
    private readonly ulong _seed;
    private readonly int _capacity;
    private readonly Dictionary<long, Order> _orders = [];
    private readonly Queue<Order> _queue = new();
    private readonly ConcurrentBag<ViewBatch> _free = [];
    private readonly Thread[] _threads;
    private readonly object _gate = new();
    private bool _disposed;
    private long _waitedTicks;
    private long _renderedViews;

    /// <param name="source">The images.</param>
    /// <param name="plan">The views of each sample.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="threads">Background threads; 0 renders in the caller only.</param>
    /// <param name="capacity">Most batches prepared or in preparation.</param>
    public ViewLoader(IImageSource source, ViewPlan plan, ulong seed, int threads = 1, int capacity = 4)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        (_source, Plan, _seed, _capacity) = (source, plan, seed, capacity);
        _threads = [.. Enumerable.Range(0, threads).Select(i => new Thread(Work) { IsBackground = true, Name = $"views {i}" })];
        foreach (var thread in _threads)
            thread.Start();
    }

    /// <summary>The views that are made.</summary>
    public ViewPlan Plan { get; }

    /// <summary>Seconds that callers of <see cref="Take"/> waited for views, or made them themselves because nobody had begun.</summary>
    public double SecondsWaited => Stopwatch.GetElapsedTime(0, Interlocked.Read(ref _waitedTicks)).TotalSeconds;

    /// <summary>Views made so far.</summary>
    public long RenderedViews => Interlocked.Read(ref _renderedViews);

    /// <summary>Asks for a batch ahead of its use. False when the bound is reached or the id is known: <see cref="Take"/> works all the same.</summary>
    /// <param name="id">The caller's number of the batch, for <see cref="Take"/>.</param>
    /// <param name="samples">The batch's samples; not to be changed afterwards.</param>
    public bool Prefetch(long id, IReadOnlyList<SamplePosition> samples)
    {
        lock (_gate)
        {
            if (_disposed || _threads.Length == 0 || _orders.Count >= _capacity || _orders.ContainsKey(id))
                return false;
            var order = new Order(samples);
            _orders.Add(id, order);
            _queue.Enqueue(order);
            Monitor.PulseAll(_gate);
            return true;
        }
    }

    /// <summary>The views of a batch: the prepared ones, or made now.</summary>
    /// <param name="id">Number given to <see cref="Prefetch"/>, if it was called.</param>
    /// <param name="samples">The batch's samples. When they differ from what was prefetched under the id, these count.</param>
    public ViewBatch Take(long id, IReadOnlyList<SamplePosition> samples)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            Order? order;
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (_orders.Remove(id, out order) && !order.Begun)
                {
                    order.Cancelled = true;
                    order = null;
                }

                while (order is { Done: false })
                    Monitor.Wait(_gate);
            }

            if (order is null)
                return Load(samples);
            if (order.Failure is { } failure)
                ExceptionDispatchInfo.Throw(failure);
            if (order.Samples.SequenceEqual(samples))
                return order.Batch!;
            order.Batch!.Dispose();
            return Load(samples);
        }
        finally
        {
            Interlocked.Add(ref _waitedTicks, Stopwatch.GetTimestamp() - started);
        }
    }

    /// <summary>Makes a batch's views now, on the calling thread.</summary>
    public ViewBatch Load(IReadOnlyList<SamplePosition> samples)
    {
        var batch = Rent(samples);
        try
        {
            Fill(batch);
            return batch;
        }
        catch
        {
            batch.Dispose();
            throw;
        }
    }

    /// <summary>Drops what was asked for under an id and not taken, as when a lease moved to another worker.</summary>
    public void Discard(long id)
    {
        lock (_gate)
        {
            if (_orders.Remove(id, out var order))
                Drop(order);
        }
    }

    /// <summary>Drops everything that was asked for and not taken.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            foreach (var order in _orders.Values)
                Drop(order);
            _orders.Clear();
        }
    }

    /// <summary>Ends the background threads. The source stays open.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            Monitor.PulseAll(_gate);
        }

        foreach (var thread in _threads)
            thread.Join();
    }

    private static void Drop(Order order)
    {
        order.Cancelled = true;
        if (order.Done)
            order.Batch?.Dispose();
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
                order = _queue.Dequeue();
                if (order.Cancelled)
                    continue;
                order.Begun = true;
            }

            ViewBatch? batch = null;
            Exception? failure = null;
            try
            {
                batch = Load(order.Samples);
            }
            catch (Exception error)
            {
                failure = error;
            }

            lock (_gate)
            {
                (order.Batch, order.Failure, order.Done) = (batch, failure, true);
                if (order.Cancelled)
                    batch?.Dispose();
                Monitor.PulseAll(_gate);
            }
        }
    }

    private void Fill(ViewBatch batch)
    {
        t_image ??= new RgbImage();
        for (var row = 0; row < batch.Samples.Count; row++)
        {
            var (epoch, sample) = batch.Samples[row];
            var image = _source.Read(sample, t_image);
            for (var view = 0; view < Plan.Count; view++)
                ViewRenderer.Render(image, Plan[view], _seed, epoch, sample, view, batch.Row(view, row));
        }

        Interlocked.Add(ref _renderedViews, (long)batch.Samples.Count * Plan.Count);
    }

    private ViewBatch Rent(IReadOnlyList<SamplePosition> samples)
    {
        if (!_free.TryTake(out var batch) || batch.Capacity < samples.Count)
            batch = new ViewBatch(Plan, samples.Count, GiveBack);
        batch.Begin(samples, GiveBack);
        return batch;
    }

    private void GiveBack(ViewBatch batch)
    {
        if (_free.Count <= _capacity)
            _free.Add(batch);
    }

    private sealed class Order(IReadOnlyList<SamplePosition> samples)
    {
        public IReadOnlyList<SamplePosition> Samples { get; } = samples;

        public bool Begun { get; set; }

        public bool Done { get; set; }

        public bool Cancelled { get; set; }

        public ViewBatch? Batch { get; set; }

        public Exception? Failure { get; set; }
    }
}
