using static TorchSharp.torch;

namespace SslOrleans.Learning.Evaluate;

/// <summary>
/// Mean and inverse standard deviation of each dimension over the training rows: batch norm without parameters in front of a probe,
/// which makes learning rates comparable between encoders. Dimensions that do not vary become 0.
/// </summary>
public sealed class Standardisation : IDisposable
{
    private const double Still = 1e-6;

    private readonly Tensor _mean;
    private readonly Tensor _scale;

    public Standardisation(FeatureMatrix train)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var sum = zeros([train.Width], ScalarType.Float64);
        foreach (var (first, count) in train.Blocks(4096))
        {
            using var inner = NewDisposeScope();
            sum.add_(train.Tensor(first, count).to(ScalarType.Float64).sum(0L));
        }

        var mean = sum / (double)train.Count;
        var squares = zeros([train.Width], ScalarType.Float64);
        foreach (var (first, count) in train.Blocks(4096))
        {
            using var inner = NewDisposeScope();
            squares.add_((train.Tensor(first, count).to(ScalarType.Float64) - mean).square().sum(0L));
        }

        var deviation = (squares / (double)train.Count).sqrt();
        var largest = Math.Max(deviation.max().item<double>(), double.Epsilon);
        var varies = deviation.gt(Still * largest).to(ScalarType.Float64);
        _mean = mean.to(ScalarType.Float32).DetachFromDisposeScope();
        _scale = (varies / deviation.clamp_min(Still * largest)).to(ScalarType.Float32).DetachFromDisposeScope();
    }

    /// <summary>Rows <c>[n, D]</c>, changed in place.</summary>
    public Tensor Apply(Tensor rows) => rows.sub_(_mean).mul_(_scale);

    public void Dispose()
    {
        _mean.Dispose();
        _scale.Dispose();
    }
}
