using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Methods;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Training;

/// <summary>
/// How many dimensions the student's features fill, on every tenth step: RankMe (Garrido et al. 2022; cookbook eq. 17) of what the backbone makes anyway of
/// a micro-batch. It falls when dimensions collapse, which a falling loss does not show. It looks at the backbone from outside, and no bit depends on it.
/// </summary>
internal sealed class FeatureRank : IDisposable
{
    /// <summary>Name among the reported terms: between 1 and min(rows, D).</summary>
    public const string Name = "featureRank";

    /// <summary>Steps from one to the next: it costs some milliseconds.</summary>
    public const int Every = 10;

    private const int MostRows = 256;
    private const double Epsilon = 1e-7;

    // Micro-batches that meet in batch norm are each on a thread of their own.
    private readonly ThreadLocal<bool> _due = new();
    private readonly ThreadLocal<Tensor?> _features = new();

    public FeatureRank(Backbone backbone) => backbone.Watch(Take);

    /// <summary>A micro-batch of this step begins on this thread.</summary>
    public void Begin(StepContext step)
    {
        _features.Value?.Dispose();
        (_due.Value, _features.Value) = (step.Step % Every == 0, null);
    }

    /// <summary>Reports the rank of the first batch that went through the backbone since <see cref="Begin"/>, when it is due.</summary>
    public void Report(StepContext step)
    {
        using var features = _features.Value;
        (_due.Value, _features.Value) = (false, null);
        if (features is null || features.shape is not [> 1, > 1])
            return;
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var rows = features.narrow(0, 0, Math.Min(MostRows, features.shape[0])).to(ScalarType.Float64);
        if (rows.isfinite().all().item<bool>())
            step.Report(Name, Of(rows));
    }

    public void Dispose()
    {
        _features.Value?.Dispose();
        _features.Dispose();
        _due.Dispose();
    }

    /// <summary><c>exp(−Σ_k p_k log p_k)</c> of the singular values' shares p.</summary>
    /// <param name="rows"><c>[N, D]</c>, float64, finite.</param>
    internal static Tensor Of(Tensor rows)
    {
        var gram = rows.shape[0] <= rows.shape[1] ? rows.mm(rows.t()) : rows.t().mm(rows);
        var singular = linalg.eigvalsh(gram).clamp_min(0).sqrt();
        var shares = (singular / singular.sum().clamp_min(double.Epsilon)) + Epsilon;
        return (-(shares * shares.log()).sum()).exp().to(ScalarType.Float32);
    }

    private void Take(Tensor features)
    {
        if (!_due.Value || _features.Value is not null)
            return;
        _features.Value = features.detach().clone().DetachFromDisposeScope();
    }
}
