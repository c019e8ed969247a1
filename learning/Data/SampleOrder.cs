using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Data;

/// <summary>
/// One use of one sample. <see cref="Epoch"/> counts the passes over the sample, so that a pair never comes twice in a run
/// and the views drawn for it are always new.
/// </summary>
/// <param name="Epoch">Pass, from 0.</param>
/// <param name="SampleId">Index in the source.</param>
public readonly record struct SamplePosition(long Epoch, int SampleId);

/// <summary>
/// An endless stream of samples: position p, from 0, always gives the same sample. Effective batches are cut from it without regard to
/// the epochs' ends, so every batch size uses every sample exactly once an epoch. Safe for any number of threads.
/// </summary>
public abstract class SampleOrder
{
    /// <summary>Positions that make up one epoch.</summary>
    public abstract long EpochLength { get; }

    /// <summary>The sample at a position.</summary>
    /// <param name="position">From 0.</param>
    public abstract SamplePosition this[long position] { get; }

    /// <summary>The samples at positions first, first + 1, ….</summary>
    public void Fill(long first, Span<SamplePosition> target)
    {
        for (var i = 0; i < target.Length; i++)
            target[i] = this[first + i];
    }

    /// <summary>Every sample once an epoch, each epoch in a new, exactly uniform order.</summary>
    public static SampleOrder Uniform(int count, ulong seed) => new UniformOrder(AllIds(count), seed, stream: 0);

    /// <summary>Samples in their own order, without any shuffling.</summary>
    public static SampleOrder Sequential(int count) => new SequentialOrder(count);

    /// <summary>
    /// Class-balanced: every class equally often, in random order within each round over the classes;
    /// within a class every sample once a pass. An epoch is as long as the data set.
    /// </summary>
    /// <param name="labels">Class of each sample.</param>
    /// <param name="seed">The run's seed.</param>
    public static SampleOrder ClassBalanced(IReadOnlyList<int> labels, ulong seed) => new BalancedOrder(labels, seed);

    /// <summary>
    /// Long-tailed: of class c (in order of label) a share imbalance^(−c/(C−1)) is kept, so that the first class keeps all its samples and the
    /// last 1/imbalance of them (Cui et al., CVPR 2019); which ones is drawn from the seed. Every kept sample once an epoch.
    /// </summary>
    /// <param name="labels">Class of each sample.</param>
    /// <param name="imbalance">Ratio of the largest to the smallest class, at least 1.</param>
    /// <param name="seed">The run's seed.</param>
    public static SampleOrder LongTailed(IReadOnlyList<int> labels, double imbalance, ulong seed) =>
        new UniformOrder(LongTail.Keep(labels, imbalance, seed), seed, stream: 0);

    internal static int[] AllIds(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        return [.. Enumerable.Range(0, count)];
    }

    /// <summary>Fisher–Yates with exactly uniform draws.</summary>
    internal static void Shuffle(Span<int> ids, ref RandomStream random)
    {
        for (var i = ids.Length - 1; i > 0; i--)
        {
            var j = (int)random.NextUInt32((uint)(i + 1));
            (ids[i], ids[j]) = (ids[j], ids[i]);
        }
    }

    private sealed class SequentialOrder(int count) : SampleOrder
    {
        public override long EpochLength { get; } = count > 0 ? count : throw new ArgumentOutOfRangeException(nameof(count));

        public override SamplePosition this[long position] => new(position / EpochLength, (int)(position % EpochLength));
    }
}

/// <summary>A new permutation of fixed ids every epoch; the last few are kept.</summary>
internal sealed class UniformOrder(int[] ids, ulong seed, int stream) : SampleOrder
{
    // Neighbouring epochs meet in one batch, and a replay may lag behind; more than this is only slower.
    private const int Kept = 3;

    private readonly Lock _lock = new();
    private (long Epoch, int[] Order)[] _orders = [];

    public override long EpochLength => ids.Length;

    public override SamplePosition this[long position]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(position);
            var (epoch, index) = Math.DivRem(position, ids.Length);
            return new SamplePosition(epoch, Order(epoch)[index]);
        }
    }

    private int[] Order(long epoch)
    {
        foreach (var (known, order) in Volatile.Read(ref _orders))
        {
            if (known == epoch)
                return order;
        }

        lock (_lock)
        {
            foreach (var (known, order) in _orders)
            {
                if (known == epoch)
                    return order;
            }

            var shuffled = (int[])ids.Clone();
            var random = new RandomStream(seed, Purpose.Order, epoch, stream, 0);
            Shuffle(shuffled, ref random);
            Volatile.Write(ref _orders, [(epoch, shuffled), .. _orders.Take(Kept - 1)]);
            return shuffled;
        }
    }
}

/// <summary>Rounds over the classes; each class is a stream of its own.</summary>
internal sealed class BalancedOrder : SampleOrder
{
    private readonly UniformOrder[] _classes;
    private readonly ulong _seed;

    public BalancedOrder(IReadOnlyList<int> labels, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfZero(labels.Count);
        _seed = seed;
        EpochLength = labels.Count;
        // Stream 0 orders the rounds, stream c + 1 the samples of class c.
        _classes = [.. Enumerable.Range(0, labels.Count).GroupBy(i => labels[i]).OrderBy(group => group.Key)
            .Select((group, c) => new UniformOrder([.. group], seed, c + 1))];
    }

    public override long EpochLength { get; }

    public override SamplePosition this[long position]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(position);
            var (round, slot) = Math.DivRem(position, _classes.Length);
            Span<int> order = _classes.Length <= 1024 ? stackalloc int[_classes.Length] : new int[_classes.Length];
            for (var i = 0; i < order.Length; i++)
                order[i] = i;
            var random = new RandomStream(_seed, Purpose.Order, round, 0, 1);
            Shuffle(order, ref random);
            return _classes[order[(int)slot]][round];
        }
    }
}

internal static class LongTail
{
    public static int[] Keep(IReadOnlyList<int> labels, double imbalance, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(imbalance, 1.0);
        var classes = Enumerable.Range(0, labels.Count).GroupBy(i => labels[i]).OrderBy(group => group.Key).ToArray();
        var kept = new List<int>();
        for (var c = 0; c < classes.Length; c++)
        {
            var ids = classes[c].ToArray();
            var random = new RandomStream(seed, Purpose.Order, 0, c + 1, 2);
            SampleOrder.Shuffle(ids, ref random);
            var share = PortableMath.Exp(-PortableMath.Log(imbalance) * c / Math.Max(1, classes.Length - 1));
            kept.AddRange(ids.Take(Math.Max(1, (int)Math.Round(ids.Length * share))));
        }

        kept.Sort();
        return [.. kept];
    }
}
