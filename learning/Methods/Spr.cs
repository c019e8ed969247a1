using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// SPR, the representation part: from the latent state of an observation and the actions that follow, a transition model tells the EMA teacher's projections of the next K
/// observations. Views: K frames more than an observation has, and K actions. Embeddings <c>prediction</c>, <c>target</c> <c>[N, K, D]</c>, the second without gradient.
/// </summary>
[Method("spr", Modalities = [Modality.Trajectory], Family = "trajectory", Inventory = "M163",
    Paper = "Schwarzer et al., Data-Efficient Reinforcement Learning with Self-Predictive Representations, 2021")]
public sealed class Spr : IMethod
{
    private readonly LatentDynamics _dynamics;

    public Spr(Recipe recipe)
    {
        MethodCatalog.Options<Options>(recipe);
        _dynamics = new LatentDynamics(recipe, inverse: false);
    }

    public sealed record Options;

    public bool Coupled => false;

    public Networks Build() => _dynamics.Build();

    public Embeddings Encode(Networks networks, Views views, StepContext step) => _dynamics.Encode(networks, views);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step) => SprLoss.Loss(embeddings["prediction"], embeddings["target"]);
}
