using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// COLA: two stretches of a sound find each other among the stretches of all other sounds of the effective batch, by a bilinear similarity. The predictor is its matrix W.
/// Embeddings <c>z1</c> and <c>wz2</c> <c>[N, D]</c>, the second behind W.
/// </summary>
[Method("cola", Modalities = [Modality.Audio], Family = "sound", Inventory = "own",
    Paper = "Saeed et al., Contrastive Learning of General-Purpose Audio Representations, 2021")]
public sealed class Cola : IMethod
{
    private readonly Recipe _recipe;

    public Cola(Recipe recipe)
    {
        _recipe = recipe;
        MethodCatalog.Options<Options>(recipe);
        Require.BatchOfTwo(recipe);
    }

    public sealed record Options;

    public bool Coupled => true;

    public double LossOfChance => PortableMath.Log(_recipe.Batch.Effective);

    public Networks Build()
    {
        var backbone = BackboneCatalog.Create(_recipe);
        var width = BuildNetworks.ProjectionWidth(_recipe);
        return new Networks(new Branch(backbone, new ColaHead(backbone.FeatureDimension, width), Linear(width, width, hasBias: false)));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var both = networks.Student.call(cat([views[0], views[1]])).chunk(2);
        return new Embeddings { { "z1", both[0] }, { "wz2", networks.Student.Predict(both[1]) } };
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step) => BilinearContrast.Loss(embeddings["z1"], embeddings["wz2"]);
}
