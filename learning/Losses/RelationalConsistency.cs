using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// ReSSL (Zheng et al. 2021, eqs. 3 to 5): the student's similarities to a queue of past keys follow the teacher's, which are sharper:
/// −1/N Σᵢ Σ_k softmax(cos(kᵢ,n_k)/τt) log softmax(cos(qᵢ,n_k)/τs). A mean of per-row values.
/// </summary>
public static class RelationalConsistency
{
    /// <param name="query">Student projections of the strong view <c>[N, D]</c>.</param>
    /// <param name="key">Teacher projections of the weak view <c>[N, D]</c>, without gradient.</param>
    /// <param name="queue">Normalised keys of past batches <c>[K, D]</c>; the positive is not among them.</param>
    /// <param name="studentTemperature">τs.</param>
    /// <param name="teacherTemperature">τt, below τs.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(Tensor query, Tensor key, Tensor queue, double studentTemperature, double teacherTemperature)
    {
        var target = (functional.normalize(key.detach(), dim: 1).mm(queue.t()) / teacherTemperature).softmax(1);
        return SoftCrossEntropy.Loss(target, functional.normalize(query, dim: 1).mm(queue.t()) / studentTemperature);
    }
}
