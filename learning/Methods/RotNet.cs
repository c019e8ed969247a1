using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// RotNet: every image in four rotations, and the network says which. One view, without rotations of its own.
/// Embeddings <c>logits</c> <c>[N, 4, 4]</c>, by rotation and class.
/// </summary>
[Method("rotnet", Views = 1, Family = "pretext", Inventory = "M097",
    Paper = "Gidaris et al., Unsupervised Representation Learning by Predicting Image Rotations, 2018")]
public sealed class RotNet : IMethod
{
    private readonly Recipe _recipe;

    public RotNet(Recipe recipe)
    {
        _recipe = recipe;
        _ = MethodCatalog.Options<Options>(recipe);
        Require.Upright(recipe);
    }

    public sealed record Options;

    public bool Coupled => false;

    public double LossOfChance => PortableMath.Log(QuarterTurns.Count);

    public Networks Build() => BuildNetworks.Classifier(_recipe, QuarterTurns.Count);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => new()
    {
        { "logits", QuarterTurns.ByImage(networks.Student.Predict(networks.Student.call(QuarterTurns.Of(views[0])))) },
    };

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step) => QuarterTurns.Loss(embeddings["logits"]);
}
