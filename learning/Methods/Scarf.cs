using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// SCARF: a row and the same row with some cells replaced by those of other rows find each other among all corrupted rows of the effective batch.
/// The first view is the row, the second the corrupted one. Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>.
/// </summary>
[Method("scarf", Modalities = [Modality.Table], Family = "table", Inventory = "M155",
    Paper = "Bahri et al., SCARF: Self-Supervised Contrastive Learning using Random Feature Corruption, 2022")]
public sealed class Scarf : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Scarf(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.BatchOfTwo(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
    }

    public sealed record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 1;
    }

    public bool Coupled => true;

    public double LossOfChance => PortableMath.Log(_recipe.Batch.Effective);

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var both = networks.Student.call(cat([views[0], views[1]])).chunk(2);
        return new Embeddings { { "z1", both[0] }, { "z2", both[1] } };
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => ScarfLoss.Loss(embeddings["z1"], embeddings["z2"], _options.Temperature);
}
