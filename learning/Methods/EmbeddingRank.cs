using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// How many dimensions a running sample of the embeddings fills: RankMe (Garrido et al. 2022; cookbook eq. 17), which falls when dimensions collapse while
/// the loss may go on falling too. Reported of every tenth step; a method whose micro-batches leave no rows reports it when it encodes.
/// </summary>
public static class EmbeddingRank
{
    /// <summary>Name among the reported terms.</summary>
    public const string Name = "embeddingRank";

    /// <summary>Steps from one to the next: it costs some milliseconds.</summary>
    public const int Every = 10;

    /// <summary>Rows that are looked at, the first of the batch: their order is drawn per epoch.</summary>
    public const int MostRows = 256;

    private const double Epsilon = 1e-7;

    /// <summary>Reports it when it is due and the embeddings are numbers.</summary>
    /// <param name="embeddings"><c>[N, D]</c>, or <c>[N, P, D]</c> for P parts of an image.</param>
    public static void Report(Tensor embeddings, StepContext step)
    {
        if (step.Step % Every != 0)
            return;
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var rows = embeddings.detach().flatten(0, -2);
        rows = rows.narrow(0, 0, Math.Min(MostRows, rows.shape[0]));
        if (rows.isfinite().all().item<bool>())
            step.Report(Name, Of(rows));
    }

    /// <summary><c>exp(−Σ_k p_k log p_k)</c> of the singular values' shares p: 1 for one direction, at most min(N, D).</summary>
    /// <param name="rows"><c>[N, D]</c>, finite.</param>
    public static Tensor Of(Tensor rows)
    {
        var wide = rows.to(ScalarType.Float64);
        var gram = wide.shape[0] <= wide.shape[1] ? wide.mm(wide.t()) : wide.t().mm(wide);
        var singular = linalg.eigvalsh(gram).clamp_min(0).sqrt();
        var shares = (singular / (singular.sum() + Epsilon)) + Epsilon;
        return (-(shares * shares.log()).sum()).exp().to(ScalarType.Float32);
    }
}
