using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// SimCSE, unsupervised: the same text twice with other dropout, and nothing else that differs, is a positive pair; the other texts of the effective batch are negatives.
/// One view. Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>.
/// </summary>
[Method("simcse", Views = 1, Modalities = [Modality.Text], Family = "text", Inventory = "M148",
    Paper = "Gao et al., SimCSE: Simple Contrastive Learning of Sentence Embeddings, 2021")]
public sealed class SimCse : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public SimCse(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.BatchOfTwo(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.Positive(recipe, "text.dropout", recipe.Text.Dropout);
    }

    public sealed record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 0.05;
    }

    public bool Coupled => true;

    public double LossOfChance => PortableMath.Log(_recipe.Batch.Effective);

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step)
        => new() { { "z1", networks.Student.call(views[0]) }, { "z2", networks.Student.call(views[0]) } };

    /// <summary>Equation 4: the form of <see cref="ScarfLoss"/>, each text against all texts' second passes.</summary>
    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => ScarfLoss.Loss(embeddings["z1"], embeddings["z2"], _options.Temperature);
}
