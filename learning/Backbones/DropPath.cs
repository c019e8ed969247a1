using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Backbones;

/// <summary>
/// Stochastic depth (Huang et al. 2016; K53) as a function of seed, epoch, sample, forward pass and block: the same sample loses
/// the same branches on whichever worker it runs. Off until <see cref="Begin"/> was called, as on a teacher.
/// </summary>
public sealed class DropPath
{
    private IReadOnlyList<long>? _samples;
    private ulong _seed;
    private long _epoch;
    private int _pass;

    /// <summary>A new micro-batch of these samples, in row order.</summary>
    public void Begin(ulong seed, long epoch, IReadOnlyList<long> samples)
        => (_seed, _epoch, _samples, _pass) = (seed, epoch, samples, -1);

    /// <summary>A new forward pass: another view.</summary>
    public void BeginPass() => _pass++;

    /// <summary>
    /// <c>[rows, 1, 1]</c>: 0 where the branch is dropped, else 1/(1 − rate). With several views in one pass, row r is sample
    /// r mod b. Null when off.
    /// </summary>
    public Tensor? Mask(int block, int branch, long rows, double rate, Device device)
    {
        if (_samples is not { Count: > 0 } samples)
            return null;
        var values = new float[rows];
        for (var row = 0; row < rows; row++)
        {
            var view = (((_pass * 16) + (row / samples.Count)) * 256) + (block * 2) + branch;
            var random = new RandomStream(_seed, Purpose.Dropout, _epoch, samples[row % samples.Count], view);
            values[row] = random.NextBool((float)rate) ? 0 : (float)(1 / (1 - rate));
        }

        return tensor(values).reshape(rows, 1, 1).to(device);
    }
}
