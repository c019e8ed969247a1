using TorchSharp;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// Sinkhorn–Knopp: turns scores into codes whose rows sum to 1 and whose columns share the rows equally
/// (SwAV, Caron et al. 2020, section 3.1; Cuturi 2013). Without gradient.
/// </summary>
public static class Sinkhorn
{
    /// <param name="scores"><c>[N, K]</c>, N the whole effective batch (and queue).</param>
    /// <param name="epsilon">ε, smoothness of the codes.</param>
    /// <param name="iterations">Rounds of normalising columns, then rows.</param>
    /// <returns>Codes <c>[N, K]</c>.</returns>
    public static Tensor Codes(Tensor scores, double epsilon, int iterations)
    {
        using var off = no_grad();
        return Balance(((scores.detach() - scores.detach().max()) / epsilon).exp(), iterations);
    }

    /// <summary>The same from values above 0 of any scale, as MSN balances its targets (Assran et al. 2022, section 3).</summary>
    /// <param name="values"><c>[N, K]</c>, N the whole effective batch.</param>
    /// <param name="iterations">Rounds of normalising columns, then rows.</param>
    /// <returns>Codes <c>[N, K]</c>, rows that sum to 1.</returns>
    public static Tensor Balance(Tensor values, int iterations)
    {
        using var off = no_grad();
        var (n, k) = (values.shape[0], values.shape[1]);
        var codes = values.detach();
        for (var i = 0; i < iterations; i++)
        {
            codes = codes / (codes.sum(0, keepdim: true) * k);
            codes = codes / (codes.sum(1, keepdim: true) * n);
        }

        return codes * n;
    }
}
