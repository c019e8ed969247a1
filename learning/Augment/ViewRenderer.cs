using SslOrleans.Learning.Images;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Augment;

/// <summary>
/// Renders views: a pure function of image, settings and parameters, the same bits on every thread and processor. Follows torchvision's
/// transforms on 8-bit PIL images, rounding to 8 bits after each operation included. Allocates nothing once its buffers have grown.
/// </summary>
public static class ViewRenderer
{
    [ThreadStatic]
    private static Scratch? t_scratch;

    /// <summary>Draws the parameters of (seed, epoch, sample, view) and renders.</summary>
    /// <param name="image">The decoded image.</param>
    /// <param name="settings">The view's settings.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="epoch">Epoch, from 0.</param>
    /// <param name="sampleId">Index in the data set.</param>
    /// <param name="view">Number of the view in its plan.</param>
    /// <param name="target">Receives <c>[3, Size, Size]</c>.</param>
    public static ViewParameters Render(
        RgbImage image, ViewSettings settings, ulong seed, long epoch, long sampleId, int view, Span<float> target)
    {
        var random = new RandomStream(seed, Purpose.View, epoch, sampleId, view);
        var parameters = ViewParameters.Draw(settings, image.Width, image.Height, ref random);
        Render(image, settings, parameters, target);
        return parameters;
    }

    /// <summary>Renders a view with given parameters into <c>[3, Size, Size]</c>.</summary>
    /// <exception cref="ArgumentException">The target has another length than <see cref="ViewSettings.Length"/>.</exception>
    public static void Render(RgbImage image, ViewSettings settings, in ViewParameters parameters, Span<float> target)
    {
        if (target.Length != settings.Length)
            throw new ArgumentException($"A view of size {settings.Crop.Size} takes {settings.Length} floats, not {target.Length}.", nameof(target));
        Photometric.Normalize(RenderPixels(image, settings, parameters), settings.Normalize, target);
    }

    /// <summary>Renders the view before normalisation, as a picture.</summary>
    public static RgbImage RenderImage(RgbImage image, ViewSettings settings, in ViewParameters parameters) =>
        RenderPixels(image, settings, parameters).ToImage();

    private static PixelBuffer RenderPixels(RgbImage image, ViewSettings settings, in ViewParameters parameters)
    {
        var scratch = t_scratch ??= new Scratch();
        Cut(image, settings.Crop, parameters.Crop, scratch);
        foreach (var operation in settings.Order)
            Apply(operation, settings, parameters, scratch);
        return scratch.View;
    }

    private static void Cut(RgbImage image, CropSettings crop, CropBox box, Scratch scratch)
    {
        switch (crop.Kind)
        {
            case CropKind.RandomResized:
                scratch.Resampler.Resize(image, box, crop.Size, crop.Size, crop.Interpolation, crop.Antialias, scratch.View);
                break;
            case CropKind.Padded:
                Resampler.Copy(image, box, scratch.View);
                break;
            default:
                var shorter = Math.Max(crop.ResizeShorter, crop.Size);
                var (width, height) = image.Width <= image.Height
                    ? (shorter, (int)(shorter * (long)image.Height / image.Width))
                    : ((int)(shorter * (long)image.Width / image.Height), shorter);
                scratch.Resampler.Resize(image, box, width, height, crop.Interpolation, crop.Antialias, scratch.Other);
                Middle(scratch.Other, crop.Size, scratch.View);
                break;
        }
    }

    private static void Middle(PixelBuffer source, int size, PixelBuffer target)
    {
        target.Reset(size, size);
        var left = (int)Math.Round((source.Width - size) / 2.0);
        var top = (int)Math.Round((source.Height - size) / 2.0);
        for (var y = 0; y < size; y++)
            source.Pixels.Slice(((top + y) * source.Width) + left, size).CopyTo(target.Pixels[(y * size)..]);
    }

    private static void Apply(ViewOperation operation, ViewSettings settings, in ViewParameters parameters, Scratch scratch)
    {
        var view = scratch.View;
        switch (operation)
        {
            case ViewOperation.Flip when parameters.Flip:
                Photometric.Flip(view);
                break;
            case ViewOperation.Rotation when parameters.Angle != 0:
                Rotation.Apply(view, parameters.Angle, settings.Rotation?.Bilinear ?? false, scratch.Other);
                view.Swap(scratch.Other);
                break;
            case ViewOperation.Jitter when parameters.Jitter:
                Jitter(view, settings.Jitter, parameters);
                break;
            case ViewOperation.Grayscale when parameters.Grayscale:
                Photometric.Grayscale(view);
                break;
            case ViewOperation.Blur when parameters.BlurSigma > 0:
                scratch.Blur.Apply(view, parameters.BlurSigma, (settings.Blur ?? new BlurSettings(1)).KernelFor(settings.Crop.Size));
                break;
            case ViewOperation.Solarize when parameters.Solarize:
                Photometric.Solarize(view, settings.Solarize?.Threshold ?? 128);
                break;
            default:
                break;
        }
    }

    private static void Jitter(PixelBuffer view, JitterSettings? strengths, in ViewParameters parameters)
    {
        // A strength of 0 leaves the operation out; the hue's detour through 8-bit HSV would show even without a shift.
        for (var i = 0; i < 4; i++)
        {
            switch ((parameters.JitterOrder >> (2 * i)) & 3)
            {
                case 0 when strengths is not { Brightness: 0 }:
                    Photometric.Brightness(view, parameters.Brightness);
                    break;
                case 1 when strengths is not { Contrast: 0 }:
                    Photometric.Contrast(view, parameters.Contrast);
                    break;
                case 2 when strengths is not { Saturation: 0 }:
                    Photometric.Saturation(view, parameters.Saturation);
                    break;
                case 3 when strengths is not { Hue: 0 }:
                    HueShift.Apply(view, parameters.Hue);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>One thread's buffers.</summary>
    private sealed class Scratch
    {
        public PixelBuffer View { get; } = new();

        public PixelBuffer Other { get; } = new();

        public Resampler Resampler { get; } = new();

        public GaussianBlur Blur { get; } = new();
    }
}
