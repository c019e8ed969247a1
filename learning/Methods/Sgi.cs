using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// SGI on recorded trajectories, without its goal-conditioned part: SPR's prediction of latent states, and the action between two observations told from their projections.
/// Embeddings <c>prediction</c> <c>[N, K, D]</c>, <c>scores</c> <c>[N, K, A]</c>; without gradient <c>target</c> <c>[N, K, D]</c>, <c>actions</c> <c>[N, K]</c>.
/// </summary>
[Method("sgi", Modalities = [Modality.Trajectory], Family = "trajectory", Inventory = "M161",
    Paper = "Schwarzer et al., Pretraining Representations for Data-Efficient Reinforcement Learning, 2021")]
public sealed class Sgi : IMethod
{
    private readonly LatentDynamics _dynamics;
    private readonly Options _options;

    public Sgi(Recipe recipe)
    {
        _options = MethodCatalog.Options<Options>(recipe);
        Require.NotNegative(recipe, "loss.inverse", _options.Inverse);
        _dynamics = new LatentDynamics(recipe, inverse: true);
    }

    public sealed record Options
    {
        /// <summary>Weight of the inverse model.</summary>
        public double Inverse { get; init; } = 1;
    }

    public bool Coupled => false;

    public Networks Build() => _dynamics.Build();

    public Embeddings Encode(Networks networks, Views views, StepContext step) => _dynamics.Encode(networks, views);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var latent = SprLoss.Loss(embeddings["prediction"], embeddings["target"]);
        var inverse = SprLoss.Inverse(embeddings["scores"], embeddings["actions"]);
        step.Report("latent", latent);
        step.Report("inverse", inverse);
        return latent + (_options.Inverse * inverse);
    }
}
