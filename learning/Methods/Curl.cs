using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// CURL, the representation part: two crops of a stack of frames find each other among those of the effective batch, the student's query by a bilinear similarity with the EMA
/// teacher's key. The predictor is its matrix W. Embeddings <c>q1</c> and <c>wkey2</c> <c>[N, D]</c>, the second behind W.
/// </summary>
[Method("curl", Modalities = [Modality.Trajectory], Family = "trajectory", Inventory = "M160",
    Paper = "Srinivas et al., CURL: Contrastive Unsupervised Representations for Reinforcement Learning, 2020")]
public sealed class Curl : IMethod
{
    private readonly Recipe _recipe;

    public Curl(Recipe recipe)
    {
        _recipe = recipe;
        MethodCatalog.Options<Options>(recipe);
        Require.Kinds(recipe, ViewKind.Clip, ViewKind.Clip);
        Require.BatchOfTwo(recipe);
    }

    public sealed record Options;

    public bool Coupled => true;

    public double LossOfChance => PortableMath.Log(_recipe.Batch.Effective);

    public Networks Build()
    {
        var width = BuildNetworks.ProjectionWidth(_recipe);
        return new Networks(Branch(width, Linear(width, width, hasBias: false)), Branch(width, null));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        Tensor key;
        using (no_grad())
            key = networks.Teacher!.call(views[1]);
        return new Embeddings { { "q1", networks.Student.call(views[0]) }, { "wkey2", networks.Student.Predict(key) } };
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step) => BilinearContrast.Loss(embeddings["q1"], embeddings["wkey2"]);

    private Branch Branch(int width, Module<Tensor, Tensor>? similarity)
    {
        var backbone = BackboneCatalog.Create(_recipe);
        return new Branch(backbone, new ColaHead(backbone.FeatureDimension, width), similarity);
    }
}
