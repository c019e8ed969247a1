using SslOrleans.Learning.Images;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Augment;

/// <summary>All random choices of one view, drawn before anything is rendered. Equal parameters and images give equal bits.</summary>
public readonly record struct ViewParameters
{
    /// <summary>What is cut out.</summary>
    public CropBox Crop { get; init; }

    /// <summary>Mirrored.</summary>
    public bool Flip { get; init; }

    /// <summary>Degrees, counter-clockwise.</summary>
    public float Angle { get; init; }

    /// <summary>Whether the four factors below are applied.</summary>
    public bool Jitter { get; init; }

    /// <summary>Factor; 1 leaves the image as it is.</summary>
    public float Brightness { get; init; }

    /// <summary>Factor.</summary>
    public float Contrast { get; init; }

    /// <summary>Factor.</summary>
    public float Saturation { get; init; }

    /// <summary>Turns, −0.5 … 0.5.</summary>
    public float Hue { get; init; }

    /// <summary>Order of the four: two bits each, first in the lowest; 0 brightness, 1 contrast, 2 saturation, 3 hue.</summary>
    public byte JitterOrder { get; init; }

    /// <summary>Gray.</summary>
    public bool Grayscale { get; init; }

    /// <summary>Pixels; 0: no blur.</summary>
    public float BlurSigma { get; init; }

    /// <summary>Solarised.</summary>
    public bool Solarize { get; init; }

    /// <summary>Order code of brightness, contrast, saturation, hue.</summary>
    public const byte IdentityJitterOrder = 0 | (1 << 2) | (2 << 4) | (3 << 6);

    /// <summary>Draws the choices for an image of the given size, with torchvision's distributions.</summary>
    public static ViewParameters Draw(ViewSettings settings, int width, int height, ref RandomStream random)
    {
        var parameters = new ViewParameters
        {
            Crop = DrawCrop(settings.Crop, width, height, ref random),
            Flip = settings.FlipProbability > 0 && random.NextBool(settings.FlipProbability),
            JitterOrder = IdentityJitterOrder,
            Brightness = 1,
            Contrast = 1,
            Saturation = 1,
        };
        if (settings.Rotation is { } rotation && random.NextBool(rotation.Probability))
        {
            parameters = parameters with
            {
                Angle = rotation.QuarterTurns
                    ? 90 * random.NextUInt32(4)
                    : random.NextSingle(-rotation.Degrees, rotation.Degrees),
            };
        }

        if (settings.Jitter is { } jitter && random.NextBool(jitter.Probability))
        {
            parameters = parameters with
            {
                Jitter = true,
                JitterOrder = DrawOrder(ref random),
                Brightness = Factor(jitter.Brightness, ref random),
                Contrast = Factor(jitter.Contrast, ref random),
                Saturation = Factor(jitter.Saturation, ref random),
                Hue = random.NextSingle(-jitter.Hue, jitter.Hue),
            };
        }

        if (settings.GrayscaleProbability > 0)
            parameters = parameters with { Grayscale = random.NextBool(settings.GrayscaleProbability) };
        if (settings.Blur is { } blur && random.NextBool(blur.Probability))
            parameters = parameters with { BlurSigma = random.NextSingle(blur.SigmaMin, blur.SigmaMax) };
        if (settings.Solarize is { } solarize)
            parameters = parameters with { Solarize = random.NextBool(solarize.Probability) };
        return parameters;
    }

    private static CropBox DrawCrop(CropSettings crop, int width, int height, ref RandomStream random)
    {
        switch (crop.Kind)
        {
            case CropKind.Center:
                return new CropBox(0, 0, width, height);
            case CropKind.Padded:
                var left = random.NextUInt32((uint)Math.Max(1, width + (2 * crop.Padding) - crop.Size + 1));
                var top = random.NextUInt32((uint)Math.Max(1, height + (2 * crop.Padding) - crop.Size + 1));
                return new CropBox((int)left - crop.Padding, (int)top - crop.Padding, crop.Size, crop.Size);
        }

        var area = (double)width * height;
        var (low, high) = (PortableMath.Log(crop.RatioMin), PortableMath.Log(crop.RatioMax));
        for (var attempt = 0; attempt < 10; attempt++)
        {
            var target = area * random.NextSingle(crop.ScaleMin, crop.ScaleMax);
            var ratio = PortableMath.Exp(low + ((high - low) * random.NextSingle()));
            var w = (int)Math.Round(Math.Sqrt(target * ratio));
            var h = (int)Math.Round(Math.Sqrt(target / ratio));
            if (w > 0 && w <= width && h > 0 && h <= height)
            {
                var top = (int)random.NextUInt32((uint)(height - h + 1));
                var left = (int)random.NextUInt32((uint)(width - w + 1));
                return new CropBox(left, top, w, h);
            }
        }

        // No luck, as with very long images: the largest centred box of an allowed ratio.
        var whole = (double)width / height;
        var (boxWidth, boxHeight) = whole < crop.RatioMin ? (width, (int)Math.Round(width / (double)crop.RatioMin))
            : whole > crop.RatioMax ? ((int)Math.Round(height * (double)crop.RatioMax), height)
            : (width, height);
        return new CropBox((width - boxWidth) / 2, (height - boxHeight) / 2, Math.Max(1, boxWidth), Math.Max(1, boxHeight));
    }

    private static float Factor(float strength, ref RandomStream random) =>
        random.NextSingle(Math.Max(0, 1 - strength), 1 + strength);

    private static byte DrawOrder(ref RandomStream random)
    {
        Span<byte> order = [0, 1, 2, 3];
        for (var i = 3; i > 0; i--)
        {
            var j = (int)random.NextUInt32((uint)(i + 1));
            (order[i], order[j]) = (order[j], order[i]);
        }

        return (byte)(order[0] | (order[1] << 2) | (order[2] << 4) | (order[3] << 6));
    }
}
