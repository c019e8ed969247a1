using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// RELIC as the cookbook states it: NT-Xent plus the divergence between the two views' distributions over the batch.
/// Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>.
/// </summary>
[Method("relic", Family = "contrastive", Inventory = "M017",
    Paper = "Mitrovic et al., Representation Learning via Invariant Causal Mechanisms, 2021")]
public sealed class Relic : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Relic(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.NotNegative(recipe, "loss.invariance", _options.Invariance);
    }

    public sealed record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 0.2;

        /// <summary>Weight of the divergence; 0 gives SimCLR.</summary>
        public double Invariance { get; init; } = 1;
    }

    public bool Coupled => true;

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.Together(networks, views);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var contrast = NtXent.Loss(embeddings["z1"], embeddings["z2"], _options.Temperature);
        var invariance = RelicInvariance.Loss(embeddings["z1"], embeddings["z2"], _options.Temperature);
        step.Report("contrast", contrast);
        step.Report("invariance", invariance);
        return contrast + (_options.Invariance * invariance);
    }
}
