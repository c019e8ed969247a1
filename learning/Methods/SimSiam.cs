using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// SimSiam: BYOL without the EMA teacher; the target is the same network's projection with the gradient cut. The loss is the paper's
/// (eqs. 1 and 2), minus the cosine; cookbook eq. 11, the squared distance ‖p − z‖² = 2 − 2·cos of unit vectors, has twice its gradient.
/// An empty <c>predictor.shape</c> collapses (K28). Embeddings <c>p1</c>, <c>p2</c>, <c>z1</c>, <c>z2</c> <c>[N, D]</c>.
/// </summary>
[Method("simsiam", Modalities = [Modality.Image, Modality.Audio, Modality.Video], Family = "self-distillation", Inventory = "M044",
    Paper = "Chen and He, Exploring Simple Siamese Representation Learning, 2021")]
public sealed class SimSiam : IMethod
{
    private readonly Recipe _recipe;

    public SimSiam(Recipe recipe)
    {
        _recipe = recipe;
        MethodCatalog.Options<Options>(recipe);
        Require.PredictorFits(recipe);
    }

    public sealed record Options;

    public bool Coupled => false;

    public Networks Build() => BuildNetworks.Student(_recipe, predictor: true);

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var z1 = networks.Student.call(views[0]);
        var z2 = networks.Student.call(views[1]);
        return new Embeddings
        {
            { "p1", networks.Student.Predict(z1) },
            { "p2", networks.Student.Predict(z2) },
            { "z1", z1.detach() },
            { "z2", z2.detach() },
        };
    }

    /// <summary>Negative mean cosine of both directions, in −1 … 1.</summary>
    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => -(ByolRegression.Cosine(embeddings["p1"], embeddings["z2"]) + ByolRegression.Cosine(embeddings["p2"], embeddings["z1"])) / 2;
}
