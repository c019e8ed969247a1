using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// BYOL: the student's prediction of one view meets the EMA teacher's projection of the other; no negatives.
/// An empty <c>predictor.shape</c> trains without a predictor and collapses (K27). The cookbook has <c>teacher.momentum</c> 0 collapse too (K22);
/// here that harms, and collapses only where the predictor is gone as well.
/// Embeddings <c>p1</c>, <c>p2</c>, <c>key1</c>, <c>key2</c> <c>[N, D]</c>. One batch per view (K17).
/// </summary>
[Method("byol", Modalities = [Modality.Image, Modality.Audio, Modality.Video], Family = "self-distillation", Inventory = "M043",
    Paper = "Grill et al., Bootstrap Your Own Latent: A New Approach to Self-Supervised Learning, 2020")]
public sealed class Byol : IMethod
{
    private readonly Recipe _recipe;

    public Byol(Recipe recipe)
    {
        _recipe = recipe;
        MethodCatalog.Options<Options>(recipe);
        Require.PredictorFits(recipe);
    }

    public sealed record Options;

    public bool Coupled => false;

    public Networks Build() => BuildNetworks.StudentAndTeacher(_recipe, predictor: true);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.PredictionsAndKeys(networks, views, "p");

    /// <summary>The sum of both directions; the mean instead would halve the learning rate.</summary>
    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => ByolRegression.Loss(embeddings["p1"], embeddings["key2"]) + ByolRegression.Loss(embeddings["p2"], embeddings["key1"]);
}
