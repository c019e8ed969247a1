using System.Numerics;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Optim;

/// <summary>
/// AdamW: Loshchilov and Hutter, "Decoupled weight decay regularization" (2019), as PyTorch's:
/// <c>θ ← θ − ηλθ; m ← β₁m + (1−β₁)g; v ← β₂v + (1−β₂)g²; θ ← θ − η·m̂/(√v̂ + ε)</c>.
/// </summary>
public sealed class AdamW(double beta1, double beta2, double epsilon) : IOptimizer
{
    public IReadOnlyList<string> State { get; } = ["first_moment", "second_moment"];

    public void Step(Span<float> parameter, Span<float> gradient, ReadOnlySpan<Memory<float>> state, StepSize size)
    {
        var first = state[0].Span;
        var second = state[1].Span;
        var t = size.Step + 1;
        var stepSize = (float)(size.LearningRate / (1 - PortableMath.Power(beta1, t)));
        var root = (float)(1 / Math.Sqrt(1 - PortableMath.Power(beta2, t)));
        var keep = 1 - (size.LearningRate * size.WeightDecay);
        var (b1, c1, b2, c2, eps) = ((float)beta1, (float)(1 - beta1), (float)beta2, (float)(1 - beta2), (float)epsilon);
        var i = 0;
        for (; i <= parameter.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var g = new Vector<float>(gradient[i..]);
            var m = (b1 * new Vector<float>(first[i..])) + (c1 * g);
            var v = (b2 * new Vector<float>(second[i..])) + (c2 * (g * g));
            m.CopyTo(first[i..]);
            v.CopyTo(second[i..]);
            var p = keep * new Vector<float>(parameter[i..]);
            (p - (stepSize * m / ((Vector.SquareRoot(v) * root) + new Vector<float>(eps)))).CopyTo(parameter[i..]);
        }

        for (; i < parameter.Length; i++)
        {
            first[i] = (b1 * first[i]) + (c1 * gradient[i]);
            second[i] = (b2 * second[i]) + (c2 * (gradient[i] * gradient[i]));
            parameter[i] = (keep * parameter[i]) - (stepSize * first[i] / ((MathF.Sqrt(second[i]) * root) + eps));
        }
    }
}
