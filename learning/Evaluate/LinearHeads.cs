using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Evaluate;

/// <summary>Settings of one linear head.</summary>
/// <param name="LearningRate">SGD learning rate at the first step; a cosine takes it to 0.</param>
/// <param name="WeightDecay">ℓ2, on the weights and not on the bias.</param>
public sealed record LinearHead(double LearningRate, double WeightDecay = 0);

/// <summary>
/// H softmax regressions trained at once on the same features (E07): their weights lie side by side in one matrix <c>[D, H·C]</c>,
/// so that a step costs two matrix products whatever H is, and every head takes the steps that it would take alone.
/// SGD with momentum 0.9; the gradient (softmax − one-hot) is written out.
/// </summary>
public sealed class LinearHeads : IDisposable
{
    private const double Momentum = 0.9;

    private readonly int _classes;
    private readonly int _heads;
    private readonly Tensor _weights;
    private readonly Tensor _bias;
    private readonly Tensor _weightMomentum;
    private readonly Tensor _biasMomentum;
    private readonly Tensor _rates;
    private readonly Tensor _decay;

    /// <summary>Heads that start at zero.</summary>
    public LinearHeads(int width, int classes, IReadOnlyList<LinearHead> heads)
    {
        using var scope = NewDisposeScope();
        (_classes, _heads) = (classes, heads.Count);
        var columns = classes * heads.Count;
        _weights = zeros([width, columns]).DetachFromDisposeScope();
        _bias = zeros([1, columns]).DetachFromDisposeScope();
        _weightMomentum = zeros([width, columns]).DetachFromDisposeScope();
        _biasMomentum = zeros([1, columns]).DetachFromDisposeScope();
        _rates = PerColumn(h => h.LearningRate);
        _decay = PerColumn(h => h.WeightDecay);

        Tensor PerColumn(Func<LinearHead, double> value)
            => tensor(heads.SelectMany(h => Enumerable.Repeat((float)value(h), classes)).ToArray(), [1L, columns]).DetachFromDisposeScope();
    }

    /// <summary>One step on rows <c>[n, D]</c> with their classes <c>[n]</c>.</summary>
    /// <param name="rows">Features.</param>
    /// <param name="labels">int64 classes.</param>
    /// <param name="schedule">Factor on every head's learning rate.</param>
    public void Step(Tensor rows, Tensor labels, double schedule)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var n = rows.shape[0];
        var error = Logits(rows).softmax(2);
        error.sub_(nn.functional.one_hot(labels, _classes).to(ScalarType.Float32).unsqueeze(1));
        error.div_((double)n);
        var flat = error.reshape(n, _heads * _classes);
        _weightMomentum.mul_(Momentum).add_(rows.t().mm(flat)).addcmul_(_weights, _decay, 1.0);
        _biasMomentum.mul_(Momentum).add_(flat.sum(0L, keepdim: true));
        _weights.addcmul_(_weightMomentum, _rates, -schedule);
        _bias.addcmul_(_biasMomentum, _rates, -schedule);
    }

    /// <summary>Logits <c>[n, H, C]</c> of rows <c>[n, D]</c>.</summary>
    public Tensor Logits(Tensor rows) => rows.mm(_weights).add_(_bias).reshape(rows.shape[0], _heads, _classes);

    /// <summary>How many of the rows each head gets right.</summary>
    public long[] Correct(Tensor rows, Tensor labels)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        return Logits(rows).argmax(2).eq(labels.unsqueeze(1)).to(ScalarType.Int64).sum(0L).Values<long>();
    }

    public void Dispose()
    {
        foreach (var tensor in new[] { _weights, _bias, _weightMomentum, _biasMomentum, _rates, _decay })
            tensor.Dispose();
    }
}
