using System.Numerics;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Optim;

/// <summary>
/// LARS: You, Gitman and Ginsburg, "Large batch training of convolutional networks" (2017), with the details of
/// Barlow Twins' and VICReg's published code: <c>g ← g + λθ; q = η‖θ‖/‖g‖; m ← μm + qg; θ ← θ − lr·m</c> (K03).
/// Norms are per whole tensor and in fixed order; tensors that are not adapted take q = 1.
/// </summary>
public sealed class Lars(float momentum, double trustCoefficient, bool clipTrust) : IOptimizer
{
    public IReadOnlyList<string> State { get; } = ["momentum"];

    public void Step(Span<float> parameter, Span<float> gradient, ReadOnlySpan<Memory<float>> state, StepSize size)
    {
        if (size.WeightDecay != 0)
        {
            var i = 0;
            for (; i <= parameter.Length - Vector<float>.Count; i += Vector<float>.Count)
                (new Vector<float>(gradient[i..]) + (size.WeightDecay * new Vector<float>(parameter[i..]))).CopyTo(gradient[i..]);
            for (; i < parameter.Length; i++)
                gradient[i] += size.WeightDecay * parameter[i];
        }

        var trust = size.Adapt ? Trust(parameter, gradient, size.LearningRate) : 1f;
        Sgd.Descend(parameter, gradient, state[0].Span, momentum, size.LearningRate, 0, trust);
    }

    private float Trust(ReadOnlySpan<float> parameter, ReadOnlySpan<float> gradient, float rate)
    {
        var weight = Math.Sqrt(FixedOrder.SumOfSquares(parameter));
        var update = Math.Sqrt(FixedOrder.SumOfSquares(gradient));
        if (weight == 0 || update == 0)
            return 1;
        var trust = trustCoefficient * weight / update;
        return (float)(clipTrust && rate > 0 ? Math.Min(trust / rate, 1) : trust);
    }
}
