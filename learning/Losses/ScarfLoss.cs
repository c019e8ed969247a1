using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// SCARF's InfoNCE (Bahri et al. 2022, Algorithm 1), in one direction: −1/N Σᵢ log( e^{cos(zᵢ,z̃ᵢ)/τ} / Σ_k e^{cos(zᵢ,z̃_k)/τ} ). The paper has 1/N in front of the inner
/// sum, which takes ln N off the value and changes no gradient.
/// </summary>
public static class ScarfLoss
{
    /// <param name="clean">Projections of the rows <c>[N, D]</c>, whole effective batch.</param>
    /// <param name="corrupted">Projections of the corrupted rows <c>[N, D]</c>.</param>
    /// <param name="temperature">τ.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(Tensor clean, Tensor corrupted, double temperature)
    {
        var logits = functional.normalize(clean, dim: 1).mm(functional.normalize(corrupted, dim: 1).t()) / temperature;
        return functional.cross_entropy(logits, arange(0, clean.shape[0], device: clean.device));
    }
}
