using SslOrleans.Client.Pictures;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Images;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Client.Inspection;

/// <summary>
/// A picture of what a recipe makes of images: a row for each, the image first, then its views as the run's seed draws them in the
/// first two epochs. What is seen here is what training sees, before normalisation.
/// </summary>
public static class ViewSheet
{
    private const int Epochs = 2;

    public static RgbImage Draw(IImageSource source, Recipe recipe, int images)
    {
        var plan = ViewPlans.Of(recipe);
        var rows = Math.Clamp(images, 1, source.Count);
        var columns = 1 + (plan.Count * Epochs);
        var sheet = new PictureSheet(rows, columns, Enumerable.Range(0, plan.Count).Max(v => plan[v].Crop.Size));
        for (var row = 0; row < rows; row++)
        {
            var image = source.Read(row);
            sheet.Paste(row, 0, image);
            for (var view = 0; view < plan.Count * Epochs; view++)
            {
                var (epoch, number) = Math.DivRem(view, plan.Count);
                var random = new RandomStream(recipe.Seed, Purpose.View, epoch, row, number);
                var parameters = ViewParameters.Draw(plan[number], image.Width, image.Height, ref random);
                sheet.Paste(row, view + 1, ViewRenderer.RenderImage(image, plan[number], parameters));
            }
        }

        return sheet.ToImage();
    }
}
