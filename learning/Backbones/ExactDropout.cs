using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Backbones;

/// <summary>
/// Dropout (Srivastava et al. 2014) whose masks are a pure function of (seed, epoch, sample, pass, layer): libtorch's generator has a state, and decides no bit here.
/// </summary>
/// <param name="rate">Share of the values that become 0; the others grow by 1/(1 − rate).</param>
internal sealed class ExactDropout(double rate)
{
    private const int MostLayers = 256;

    private ulong _seed;
    private long _epoch;
    private IReadOnlyList<long> _samples = [];
    private int _pass = -1;

    /// <summary>A new micro-batch of these samples: the next pass through the network is the first.</summary>
    public void Begin(ulong seed, long epoch, IReadOnlyList<long> samples) => (_seed, _epoch, _samples, _pass) = (seed, epoch, samples, -1);

    /// <summary>A pass through the network begins.</summary>
    public void BeginPass() => _pass++;

    /// <summary>Values <c>[N, …]</c> behind a layer; rows beyond the micro-batch's samples, and all where nothing is dropped, stay.</summary>
    public Tensor Drop(Tensor values, int layer)
    {
        if (rate == 0 || _samples.Count != values.shape[0])
            return values;
        var width = (int)(values.numel() / values.shape[0]);
        var factors = new float[_samples.Count * width];
        var kept = (float)(1 / (1 - rate));
        for (var row = 0; row < _samples.Count; row++)
        {
            var random = new RandomStream(_seed, Purpose.Dropout, _epoch, _samples[row], (_pass * MostLayers) + layer);
            foreach (ref var factor in factors.AsSpan(row * width, width))
                factor = random.NextBool((float)rate) ? 0 : kept;
        }

        return values * tensor(factors, values.shape).to(values.device);
    }
}
