using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// PIRL's noise-contrastive loss (Misra and van der Maaten 2020, eq. 5): an embedding is told from m rows of a bank that are other images':
/// 1/N Σᵢ ( −log pᵢ₀ − Σ_k log(1 − pᵢ_k) ), pᵢ the softmax of the cosines with the image's own row (0) and the drawn ones (k), over τ.
/// </summary>
public static class BankContrast
{
    /// <param name="z">Embeddings <c>[N, D]</c>.</param>
    /// <param name="own">The images' rows of the bank <c>[N, D]</c>, unit length.</param>
    /// <param name="others">Drawn rows <c>[N, m, D]</c>, unit length.</param>
    /// <param name="temperature">τ.</param>
    /// <returns>A scalar; a mean of per-row values.</returns>
    public static Tensor Loss(Tensor z, Tensor own, Tensor others, double temperature)
    {
        var unit = functional.normalize(z, dim: 1);
        var cosines = cat([(unit * own).sum(1, keepdim: true), (others * unit.unsqueeze(1)).sum(-1)], 1);
        var logs = (cosines / temperature).log_softmax(1);
        var noise = (1 - logs.narrow(1, 1, others.shape[1]).exp()).clamp_min(1e-7).log().sum(1);
        return -(logs.select(1, 0) + noise).mean();
    }
}
