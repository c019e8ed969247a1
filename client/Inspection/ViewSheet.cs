using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Training;

namespace SslOrleans.Client.Inspection;

/// <summary>
/// A picture of what a recipe makes of images: a row for each, the image first, then its views as the run's seed draws them in the
/// first two epochs. What is seen here is what training sees, before normalisation.
/// </summary>
public static class ViewSheet
{
    private const int Epochs = 2;
    private const int Gap = 4;
    private const int LeastTile = 64;

    public static RgbImage Draw(IImageSource source, Recipe recipe, int images)
    {
        var plan = ViewPlans.Of(recipe);
        var rows = Math.Clamp(images, 1, source.Count);
        var columns = 1 + (plan.Count * Epochs);
        // Small images are shown several times as large.
        var tile = Enumerable.Range(0, plan.Count).Max(v => plan[v].Crop.Size);
        tile *= Math.Max(1, (LeastTile + tile - 1) / tile);
        var canvas = new Canvas((columns * (tile + Gap)) + Gap, (rows * (tile + Gap)) + Gap);
        for (var row = 0; row < rows; row++)
        {
            var image = source.Read(row);
            var top = Gap + (row * (tile + Gap));
            canvas.Paste(image, Gap, top, tile);
            for (var view = 0; view < plan.Count * Epochs; view++)
            {
                var (epoch, number) = Math.DivRem(view, plan.Count);
                var random = new RandomStream(recipe.Seed, Purpose.View, epoch, row, number);
                var parameters = ViewParameters.Draw(plan[number], image.Width, image.Height, ref random);
                canvas.Paste(ViewRenderer.RenderImage(image, plan[number], parameters), Gap + ((view + 1) * (tile + Gap)), top, tile);
            }
        }

        return canvas.ToImage();
    }

    /// <summary>White paper to paste pictures on.</summary>
    private sealed class Canvas
    {
        private readonly int _width;
        private readonly int _height;
        private readonly byte[] _pixels;

        public Canvas(int width, int height)
        {
            (_width, _height, _pixels) = (width, height, new byte[width * height * 3]);
            _pixels.AsSpan().Fill(255);
        }

        /// <summary>The picture in a square of the given side: nearest pixels, its longer side filling the square.</summary>
        public void Paste(RgbImage image, int left, int top, int side)
        {
            var scale = (double)side / Math.Max(image.Width, image.Height);
            var (width, height) = ((int)(image.Width * scale), (int)(image.Height * scale));
            var pixels = image.Pixels;
            for (var y = 0; y < height; y++)
            {
                for (var x = 0; x < width; x++)
                {
                    var from = (((int)(y / scale) * image.Width) + (int)(x / scale)) * 3;
                    pixels.Slice(from, 3).CopyTo(_pixels.AsSpan((((top + y) * _width) + left + x) * 3, 3));
                }
            }
        }

        public RgbImage ToImage() => new(_width, _height, _pixels);
    }
}
