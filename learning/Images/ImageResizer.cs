
namespace SslOrleans.Learning.Images;

/// <summary>Whole images to another size, with PIL's antialiased filters.</summary>
public static class ImageResizer
{
    [ThreadStatic]
    private static (Resampler Resampler, PixelBuffer Buffer)? t_scratch;

    /// <summary>Resizes to exactly width × height.</summary>
    public static RgbImage Resize(RgbImage image, int width, int height, Interpolation interpolation = Interpolation.Bicubic)
    {
        var (resampler, buffer) = t_scratch ??= (new Resampler(), new PixelBuffer());
        resampler.Resize(image, new CropBox(0, 0, image.Width, image.Height), width, height, interpolation, true, buffer);
        return buffer.ToImage();
    }

    /// <summary>Resizes so that the shorter side has <paramref name="size"/> pixels.</summary>
    public static RgbImage ShorterSide(RgbImage image, int size)
    {
        var (width, height) = image.Width <= image.Height
            ? (size, (int)((long)size * image.Height / image.Width))
            : ((int)((long)size * image.Width / image.Height), size);
        return Resize(image, width, height);
    }
}
