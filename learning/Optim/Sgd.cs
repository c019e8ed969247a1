using System.Numerics;

namespace SslOrleans.Learning.Optim;

/// <summary>
/// Stochastic gradient descent with momentum, as PyTorch's: <c>g ← g + λθ; m ← μm + g; θ ← θ − ηm</c>.
/// </summary>
public sealed class Sgd(float momentum) : IOptimizer
{
    public IReadOnlyList<string> State { get; } = ["momentum"];

    public void Step(Span<float> parameter, Span<float> gradient, ReadOnlySpan<Memory<float>> state, StepSize size)
        => Descend(parameter, gradient, state[0].Span, momentum, size.LearningRate, size.WeightDecay, 1);

    /// <summary>The update with the gradient (decay included) multiplied by <paramref name="trust"/>, which LARS needs.</summary>
    internal static void Descend(Span<float> parameter, Span<float> gradient, Span<float> buffer, float momentum, float rate, float decay, float trust)
    {
        var (vMomentum, vRate, vDecay, vTrust) = (new Vector<float>(momentum), new Vector<float>(rate), new Vector<float>(decay), new Vector<float>(trust));
        var i = 0;
        for (; i <= parameter.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var p = new Vector<float>(parameter[i..]);
            var g = (new Vector<float>(gradient[i..]) + (vDecay * p)) * vTrust;
            var m = (vMomentum * new Vector<float>(buffer[i..])) + g;
            m.CopyTo(buffer[i..]);
            (p - (vRate * m)).CopyTo(parameter[i..]);
        }

        for (; i < parameter.Length; i++)
        {
            var g = (gradient[i] + (decay * parameter[i])) * trust;
            buffer[i] = (momentum * buffer[i]) + g;
            parameter[i] -= rate * buffer[i];
        }
    }
}
