using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Images;

namespace SslOrleans.Client.Pictures;

/// <summary>What an encoder gets, as something to look at.</summary>
public static class NormalizedPixels
{
    /// <summary>Image number <paramref name="index"/> of normalised pixels <c>[n, 3, H, H]</c>.</summary>
    public static RgbImage ToImage(ReadOnlySpan<float> pixels, int index, int side, NormalizeRecipe normalize)
    {
        var bytes = new byte[3 * side * side];
        for (var channel = 0; channel < 3; channel++)
        {
            var plane = pixels.Slice(((index * 3) + channel) * side * side, side * side);
            for (var i = 0; i < plane.Length; i++)
                bytes[(i * 3) + channel] = ToByte((plane[i] * normalize.StandardDeviation[channel]) + normalize.Mean[channel]);
        }

        return new RgbImage(side, side, bytes);
    }

    /// <summary>Weights <c>[grid, grid]</c> as light over a darkened image: the largest is white, 0 is dark.</summary>
    public static RgbImage Light(RgbImage image, ReadOnlySpan<float> weights)
    {
        var grid = (int)Math.Sqrt(weights.Length);
        var most = 0f;
        foreach (var weight in weights)
            most = Math.Max(most, weight);
        var bytes = new byte[image.ByteCount];
        for (var y = 0; y < image.Height; y++)
        {
            for (var x = 0; x < image.Width; x++)
            {
                var share = most == 0 ? 0 : weights[(y * grid / image.Height * grid) + (x * grid / image.Width)] / most;
                for (var channel = 0; channel < 3; channel++)
                {
                    var at = (((y * image.Width) + x) * 3) + channel;
                    bytes[at] = ToByte((0.15 + (0.85 * share)) * image.Pixels[at] / 255.0);
                }
            }
        }

        return new RgbImage(image.Width, image.Height, bytes);
    }

    private static byte ToByte(double value) => (byte)Math.Clamp(Math.Round(value * 255), 0, 255);
}
