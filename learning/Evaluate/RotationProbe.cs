using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Learning.Evaluate;

/// <summary>
/// Rotation prediction (Reed et al. 2021; E20): a linear probe that tells by how many quarter turns an image was rotated. Its labels cost
/// nothing, so it ranks augmentation policies without annotation. Not for an encoder that was trained to ignore rotations.
/// </summary>
public static class RotationProbe
{
    /// <summary>Classes: 0°, 90°, 180°, 270°.</summary>
    public const int Turns = 4;

    /// <summary>Why the probe would mislead for this recipe; null when it does not.</summary>
    public static string? Refusal(Recipe recipe)
    {
        if (recipe.Data.Modality is not (Modality.Image or Modality.TextImage))
            return $"samples of data.modality {ViewKinds.Name(recipe.Data.Modality)} are no pictures and cannot be turned";
        for (var i = 0; i < recipe.Views.Count; i++)
        {
            if (recipe.Views[i].Rotation.Probability > 0)
                return $"views.{i}.rotation.probability is {recipe.Views[i].Rotation.Probability}: the encoder was trained to ignore rotations, so how well it predicts them says nothing";
        }

        return null;
    }

    /// <summary>Images <c>[n, 3, H, H]</c> as pixels, each turned by its number of quarter turns counter-clockwise.</summary>
    /// <param name="pixels">Normalised pixels.</param>
    /// <param name="side">H.</param>
    /// <param name="turns">0 to 3.</param>
    public static float[] Rotate(float[] pixels, int side, int turns)
    {
        var turned = new float[pixels.Length];
        var plane = side * side;
        for (var start = 0; start < pixels.Length; start += plane)
        {
            for (var y = 0; y < side; y++)
            {
                for (var x = 0; x < side; x++)
                {
                    var (fromY, fromX) = turns switch
                    {
                        0 => (y, x),
                        1 => (x, side - 1 - y),
                        2 => (side - 1 - y, side - 1 - x),
                        _ => (side - 1 - x, y),
                    };
                    turned[start + (y * side) + x] = pixels[start + (fromY * side) + fromX];
                }
            }
        }

        return turned;
    }

    public static LinearScore Evaluate(LabelledFeatures rotated, ulong seed = 0, CancellationToken cancellation = default)
        => LinearProbe.Evaluate(rotated, new LinearOptions { Epochs = 50, Seed = seed, Cancellation = cancellation });
}
