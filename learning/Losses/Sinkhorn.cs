using static TorchSharp.torch;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// Sinkhorn–Knopp: turns scores into codes whose rows sum to 1 and whose columns share the rows equally
/// (SwAV, Caron et al. 2020, section 3.1; Cuturi 2013). In logarithms, where a small ε does not empty a column. Without gradient.
/// </summary>
public static class Sinkhorn
{
    /// <param name="scores"><c>[N, K]</c>, N the whole effective batch (and queue).</param>
    /// <param name="epsilon">ε, smoothness of the codes.</param>
    /// <param name="iterations">Rounds of normalising columns, then rows.</param>
    /// <returns>Codes <c>[N, K]</c>, rows that sum to 1.</returns>
    public static Tensor Codes(Tensor scores, double epsilon, int iterations)
    {
        using var off = no_grad();
        return InLogarithms(scores.detach() / epsilon, iterations);
    }

    /// <summary>The same from values of any scale, 0 among them, as MSN balances its targets (Assran et al. 2022, section 3).</summary>
    /// <param name="values"><c>[N, K]</c>, N the whole effective batch.</param>
    /// <param name="iterations">Rounds of normalising columns, then rows.</param>
    /// <returns>Codes <c>[N, K]</c>, rows that sum to 1.</returns>
    public static Tensor Balance(Tensor values, int iterations)
    {
        using var off = no_grad();
        return InLogarithms(values.detach().log(), iterations);
    }

    private static Tensor InLogarithms(Tensor codes, int iterations)
    {
        for (var i = 0; i < iterations; i++)
        {
            codes = codes - codes.logsumexp(0, keepdim: true);
            codes = codes - codes.logsumexp(1, keepdim: true);
        }

        return codes.exp();
    }
}
