using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Evaluate;

/// <summary>
/// What a masked method makes of hidden patches (E26): MAE's and SimMIM's predictions put back to where they were hidden. Where the method
/// predicts normalised patches, each gets the mean and the deviation of the patch that it stands for.
/// </summary>
/// <param name="Masked">Images <c>[n, 3, H, H]</c> with hidden patches at 0, the data's mean colour.</param>
/// <param name="Rebuilt">The same with the predictions in their places.</param>
public sealed record Reconstruction(float[] Masked, float[] Rebuilt)
{
    /// <summary>True for methods whose predictions are pixels.</summary>
    public static bool IsPossible(Recipe recipe) => recipe.Method is "mae" or "simmim";

    /// <param name="encoder">A run's, with its decoder.</param>
    /// <param name="recipe">Its recipe: the mask is drawn as in training, with the images' numbers as sample ids.</param>
    /// <param name="pixels">Normalised images <c>[n, 3, H, H]</c>.</param>
    /// <param name="side">H.</param>
    public static Reconstruction Of(Encoder encoder, Recipe recipe, float[] pixels, int side)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var n = pixels.Length / (3 * side * side);
        var images = TensorMemory.Aligned(pixels, [n, 3, side, side], encoder.Device);
        var views = new Views([images], [null]);
        var step = new StepContext
        {
            Seed = recipe.Seed,
            Step = 0,
            TotalSteps = 1,
            SampleIds = [.. Enumerable.Range(0, n).Select(i => (long)i)],
            EffectiveBatch = n,
            Device = encoder.Device,
        };
        var embeddings = MethodCatalog.Create(recipe).Encode(encoder.Networks, views, step);
        var (prediction, target) = (embeddings["prediction"], embeddings["target"]);
        if (PredictsNormalized(recipe))
            prediction = PatchPixels.Denormalize(prediction, target);
        var patchSize = ((Vit)encoder.Networks.Student.Backbone).PatchSize;
        var patches = PatchPixels.Of(images, patchSize);
        var hidden = PatchMask.Of(views, 0, recipe, step).Hidden(encoder.Device);
        var places = hidden.unsqueeze(-1).expand(prediction.shape);
        return new Reconstruction(
            Values(PatchPixels.Images(patches.scatter(1, places, zeros_like(prediction)), patchSize)),
            Values(PatchPixels.Images(patches.scatter(1, places, prediction), patchSize)));
    }

    private static bool PredictsNormalized(Recipe recipe) => recipe.Method == "mae"
        ? MethodCatalog.Options<Mae.Options>(recipe).NormalizePixels
        : MethodCatalog.Options<SimMim.Options>(recipe).NormalizePixels;

    private static float[] Values(Tensor images) => images.to(ScalarType.Float32).Values<float>();
}
