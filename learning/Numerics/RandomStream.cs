namespace SslOrleans.Learning.Numerics;

/// <summary>What a draw is for. Two purposes never share a counter. Values are part of the numerics: never renumber.</summary>
public enum Purpose : byte
{
    /// <summary>Order of the samples in an epoch.</summary>
    Order = 1,

    /// <summary>Augmentation of one view.</summary>
    View = 2,

    /// <summary>Token or pixel mask of one view.</summary>
    Mask = 3,

    /// <summary>Initial weights; the counter's sample is the tensor's number.</summary>
    Weights = 4,

    /// <summary>Initial queue, centre, prototypes and the like.</summary>
    MethodState = 5,

    /// <summary>Dropout and stochastic depth.</summary>
    Dropout = 6,

    /// <summary>Generated data sets.</summary>
    GeneratedData = 7,

    /// <summary>Evaluation: probe initialisation, few-shot splits, k-means seeds.</summary>
    Evaluation = 8,

    /// <summary>Chaos schedules and retry jitter; never touches weights.</summary>
    Chaos = 9,

    /// <summary>Which micro-batches a second worker computes too; never touches weights.</summary>
    Verification = 10,
}

/// <summary>
/// A sequence of draws that is a pure function of (seed, purpose, epoch, sample, view).
/// A value type: copying it copies its position.
/// </summary>
public struct RandomStream
{
    private readonly ulong _key;
    private readonly uint _where;
    private readonly uint _sample;
    private readonly uint _epoch;
    private uint _block;
    private int _left;
    private uint _x1;
    private uint _x2;
    private uint _x3;

    /// <param name="seed">The run's seed.</param>
    /// <param name="purpose">What is drawn.</param>
    /// <param name="epoch">Epoch, from 0.</param>
    /// <param name="sample">Sample id (index in the data set), below 2³².</param>
    /// <param name="view">View number in the sample's view plan, below 2²⁴.</param>
    public RandomStream(ulong seed, Purpose purpose, long epoch, long sample, int view)
    {
        _key = seed;
        _where = ((uint)purpose << 24) | (uint)view;
        _sample = checked((uint)sample);
        _epoch = checked((uint)epoch);
    }

    /// <summary>32 uniform bits.</summary>
    public uint NextUInt32()
    {
        switch (_left)
        {
            case 3: _left = 2; return _x1;
            case 2: _left = 1; return _x2;
            case 1: _left = 0; return _x3;
            default:
                (var x0, _x1, _x2, _x3) = Philox.Block(_key, _block++, _where, _sample, _epoch);
                _left = 3;
                return x0;
        }
    }

    /// <summary>Uniform in [0, 1), 24 bits.</summary>
    public float NextSingle() => (NextUInt32() >> 8) * (1f / (1 << 24));

    /// <summary>Uniform in [low, high).</summary>
    public float NextSingle(float low, float high) => low + ((high - low) * NextSingle());

    /// <summary>Uniform in 0 … exclusive−1, by multiplication with rejection (Lemire 2019): exactly uniform.</summary>
    public uint NextUInt32(uint exclusive)
    {
        ArgumentOutOfRangeException.ThrowIfZero(exclusive);
        var product = (ulong)NextUInt32() * exclusive;
        var threshold = (0u - exclusive) % exclusive;
        while ((uint)product < threshold)
            product = (ulong)NextUInt32() * exclusive;
        return (uint)(product >> 32);
    }

    /// <summary>True with the given probability.</summary>
    public bool NextBool(float probability) => NextSingle() < probability;

    /// <summary>Standard normal by Box–Muller; two uniform draws a value. The same bits on every processor: no C library is asked.</summary>
    public float NextNormal()
    {
        var u = (NextUInt32() + 1.0) * (1.0 / 4294967296.0);
        var v = NextUInt32() * (1.0 / 4294967296.0);
        return (float)PortableMath.BoxMuller(u, v);
    }
}
