using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// Supervised classification, the row beside which others are read: one view, and a linear layer says the class behind the features, or behind a projector
/// (cookbook §3.2: what a projector does for supervised training). Embeddings <c>logits</c> <c>[N, K]</c>, <c>labels</c> <c>[N]</c>.
/// </summary>
[Method("supervised", Views = 1, Family = "supervised", Inventory = "M189",
    Paper = "Bordes et al., Guillotine Regularization, 2022")]
public sealed class Supervised : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Supervised(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        if (_options.Classes < 2)
            throw Require.Error(recipe, "loss.classes", $"is {_options.Classes}", "give the number of classes, 2 or more");
    }

    public sealed record Options
    {
        /// <summary>K; labels are 0 … K − 1.</summary>
        public int Classes { get; init; } = 10;
    }

    public bool Coupled => false;

    public double LossOfChance => PortableMath.Log(_options.Classes);

    public Networks Build() => BuildNetworks.Classifier(_recipe, _options.Classes);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => new()
    {
        { "logits", networks.Student.Predict(networks.Student.call(views[0])) },
        { "labels", ClassLabels.Of(_recipe, views, step.Device, _options.Classes) },
    };

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => nn.functional.cross_entropy(embeddings["logits"], embeddings["labels"].to(ScalarType.Int64));
}
