using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Backbones;

/// <summary>Where batch norm takes its training statistics from (cookbook §3.8.1). Not a module: nothing in it is saved.</summary>
public interface IBatchStatistics : IDisposable
{
    /// <summary>Mean over the calls since <see cref="Begin"/> of batch mean and unbiased batch variance, each <c>[C]</c>; the caller owns them.</summary>
    (Tensor Mean, Tensor Variance)? Collected { get; }

    /// <summary>A new micro-batch starts.</summary>
    void Begin();

    /// <summary>Normalises <c>[N, C]</c> or <c>[N, C, H, W]</c> and collects the statistics.</summary>
    Tensor Normalize(Tensor input, Tensor? weight, Tensor? bias, double epsilon);
}

/// <summary>Statistics of the rows of one call: those of a micro-batch, whichever worker holds it.</summary>
public sealed class MicroBatchStatistics : IBatchStatistics
{
    private readonly Sum _sum = new();

    public (Tensor Mean, Tensor Variance)? Collected => _sum.Mean;

    public void Begin() => _sum.Clear();

    public Tensor Normalize(Tensor input, Tensor? weight, Tensor? bias, double epsilon)
    {
        // With momentum 1 the "running" statistics become those of this call.
        var mean = zeros(input.shape[1], dtype: ScalarType.Float32, device: input.device);
        var variance = zeros(input.shape[1], dtype: ScalarType.Float32, device: input.device);
        var output = functional.batch_norm(input, mean, variance, weight, bias, true, 1.0, epsilon);
        _sum.Add(mean, variance);
        return output;
    }

    public void Dispose() => Begin();

    /// <summary>The statistics of a micro-batch's calls, added up.</summary>
    internal sealed class Sum
    {
        private Tensor? _mean;
        private Tensor? _variance;
        private int _calls;

        public (Tensor Mean, Tensor Variance)? Mean
            => _mean is null ? null : (_mean / (float)_calls, _variance! / (float)_calls);

        public void Clear()
        {
            _mean?.Dispose();
            _variance?.Dispose();
            _mean = _variance = null;
            _calls = 0;
        }

        public void Add(Tensor mean, Tensor variance)
        {
            _calls++;
            if (_mean is null)
            {
                _mean = mean.DetachFromDisposeScope();
                _variance = variance.DetachFromDisposeScope();
                return;
            }

            // Not in place: the graph of the earlier call holds the tensors until its backward pass.
            using var mean0 = _mean;
            using var variance0 = _variance!;
            _mean = (mean0 + mean).DetachFromDisposeScope();
            _variance = (variance0 + variance).DetachFromDisposeScope();
        }
    }
}
