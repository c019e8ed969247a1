using SslOrleans.Contracts;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Augment;

/// <summary>One picture of what the views look like: a row for each sample, the original first, then its views at their true size.</summary>
public static class ContactSheet
{
    private const int Gap = 4;

    /// <summary>Makes the picture.</summary>
    /// <param name="source">The images.</param>
    /// <param name="plan">The views.</param>
    /// <param name="rows">Samples, evenly spread over the source.</param>
    /// <param name="seed">The run's seed: the views are those of epoch 0.</param>
    public static RgbImage Render(IImageSource source, ViewPlan plan, int rows, ulong seed)
    {
        rows = Math.Min(rows, source.Count);
        var cell = Enumerable.Range(0, plan.Count).Max(view => plan[view].Crop.Size);
        var sheet = new RgbImage(((plan.Count + 1) * (cell + Gap)) + Gap, (rows * (cell + Gap)) + Gap);
        sheet.Writable.Fill(255);
        for (var row = 0; row < rows; row++)
        {
            var sample = (int)((long)row * source.Count / rows);
            var image = source.Read(sample);
            var top = (row * (cell + Gap)) + Gap;
            var scale = Math.Min((double)cell / image.Width, (double)cell / image.Height);
            var small = ImageResizer.Resize(
                image, Math.Max(1, (int)(image.Width * scale)), Math.Max(1, (int)(image.Height * scale)));
            Paste(sheet, small, Gap, top);
            for (var view = 0; view < plan.Count; view++)
            {
                var random = new RandomStream(seed, Purpose.View, 0, sample, view);
                var parameters = ViewParameters.Draw(plan[view], image.Width, image.Height, ref random);
                Paste(sheet, ViewRenderer.RenderImage(image, plan[view], parameters), ((view + 1) * (cell + Gap)) + Gap, top);
            }
        }

        return sheet;
    }

    /// <summary>Writes the picture as a PNG.</summary>
    /// <exception cref="UserErrorException">The file cannot be written.</exception>
    public static void Write(IImageSource source, ViewPlan plan, int rows, ulong seed, string path)
    {
        try
        {
            File.WriteAllBytes(path, ImageEncoder.Png(Render(source, plan, rows, seed)));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"Cannot write '{path}': {failure.Message}; name another file.", failure);
        }
    }

    private static void Paste(RgbImage sheet, RgbImage picture, int left, int top)
    {
        for (var y = 0; y < picture.Height; y++)
            picture.Pixels.Slice(y * picture.Width * 3, picture.Width * 3).CopyTo(sheet.Writable[((((top + y) * sheet.Width) + left) * 3)..]);
    }
}
