using static TorchSharp.torch;

namespace SslOrleans.Learning.Losses;

/// <summary>Predictors that are set from the correlation F = E[z zᵀ] of the projections and never trained (K29).</summary>
public static class ClosedFormPredictor
{
    /// <summary>F ← ρF + (1−ρ)·mean of z zᵀ over both views' rows, <c>[D, D]</c>.</summary>
    public static Tensor Correlation(Tensor before, Tensor z1, Tensor z2, double momentum)
    {
        var z = cat([z1, z2]);
        return (momentum * before) + ((1 - momentum) * (z.t().mm(z) / z.shape[0]));
    }

    /// <summary>DirectPred (Tian et al. 2021): U diag(√(s/s_max) + ε) Uᵀ with F = U diag(s) Uᵀ; negative s counts as 0.</summary>
    public static Tensor ByEigenvalues(Tensor correlation, double epsilon)
    {
        var (values, vectors) = linalg.eigh(correlation);
        var shares = values.clamp_min(0) / values.max().clamp_min(1e-12);
        return (vectors * (shares.sqrt() + epsilon)).mm(vectors.t());
    }

    /// <summary>
    /// DirectSet with exponent 1 (Wang et al. 2021, DirectCopy): F/‖F‖ + ε·I, no eigendecomposition; the spectral norm comes from
    /// power iteration.
    /// </summary>
    public static Tensor ByCopy(Tensor correlation, double epsilon, int iterations = 30)
    {
        var d = correlation.shape[0];
        var vector = ones(d, 1, device: correlation.device) / Math.Sqrt(d);
        var norm = zeros(1, device: correlation.device);
        for (var i = 0; i < iterations; i++)
        {
            var next = correlation.mm(vector);
            norm = next.square().sum().sqrt().clamp_min(1e-12);
            vector = next / norm;
        }

        return (correlation / norm) + (epsilon * eye(d, device: correlation.device));
    }
}
