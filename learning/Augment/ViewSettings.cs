using System.Collections.Immutable;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Augment;

/// <summary>How a view is cut out of its image.</summary>
public enum CropKind
{
    /// <summary>Random area and aspect ratio, resized to the view's size: torchvision's RandomResizedCrop.</summary>
    RandomResized,

    /// <summary>The shorter side resized, then the middle cut out: the evaluation crop.</summary>
    Center,

    /// <summary>A random window of the view's size in the image with a black border: torchvision's RandomCrop(size, padding).</summary>
    Padded,
}

/// <summary>One step of a view. <see cref="ViewSettings.Order"/> says which come when; the crop is always first, normalisation last.</summary>
public enum ViewOperation
{
    /// <summary>Horizontal flip.</summary>
    Flip,

    /// <summary>Rotation around the centre.</summary>
    Rotation,

    /// <summary>Brightness, contrast, saturation and hue, in random order.</summary>
    Jitter,

    /// <summary>Luma in all three channels.</summary>
    Grayscale,

    /// <summary>Gaussian blur.</summary>
    Blur,

    /// <summary>Inversion of bright values.</summary>
    Solarize,
}

/// <summary>The crop of a view.</summary>
public sealed record CropSettings
{
    /// <summary>Side of the view, pixels.</summary>
    public required int Size { get; init; }

    /// <summary>Which crop.</summary>
    public CropKind Kind { get; init; } = CropKind.RandomResized;

    /// <summary>Least share of the image's area.</summary>
    public float ScaleMin { get; init; } = 0.08f;

    /// <summary>Greatest share of the image's area.</summary>
    public float ScaleMax { get; init; } = 1f;

    /// <summary>Least width / height; drawn log-uniformly.</summary>
    public float RatioMin { get; init; } = 3f / 4f;

    /// <summary>Greatest width / height.</summary>
    public float RatioMax { get; init; } = 4f / 3f;

    /// <summary>Filter of the resize.</summary>
    public Interpolation Interpolation { get; init; } = Interpolation.Bilinear;

    /// <summary>Widen the filter when shrinking, as PIL always does. False: point samples of the filter, as on tensors without antialias.</summary>
    public bool Antialias { get; init; } = true;

    /// <summary><see cref="CropKind.Center"/>: shorter side after the resize, pixels. 0: <see cref="Size"/>.</summary>
    public int ResizeShorter { get; init; }

    /// <summary><see cref="CropKind.Padded"/>: black border, pixels.</summary>
    public int Padding { get; init; } = 4;
}

/// <summary>Colour jitter: each factor uniform in [max(0, 1−x), 1+x], the hue shift uniform in [−Hue, Hue] turns.</summary>
/// <param name="Probability">Share of the views that are jittered.</param>
/// <param name="Brightness">Strength; 0 leaves it out.</param>
/// <param name="Contrast">Strength; 0 leaves it out.</param>
/// <param name="Saturation">Strength; 0 leaves it out.</param>
/// <param name="Hue">Strength, at most 0.5; 0 leaves it out.</param>
public sealed record JitterSettings(float Probability, float Brightness, float Contrast, float Saturation, float Hue);

/// <summary>Gaussian blur with sigma uniform in [SigmaMin, SigmaMax] pixels.</summary>
/// <param name="Probability">Share of the views that are blurred.</param>
/// <param name="SigmaMin">Least sigma, pixels.</param>
/// <param name="SigmaMax">Greatest sigma, pixels.</param>
/// <param name="KernelSize">Taps, odd. 0: a tenth of the view's size, made odd, at least 3 (23 for 224 pixels).</param>
public sealed record BlurSettings(float Probability, float SigmaMin = 0.1f, float SigmaMax = 2f, int KernelSize = 0)
{
    internal int KernelFor(int size) => KernelSize > 0 ? KernelSize : Math.Max(3, (size / 10) | 1);
}

/// <summary>Inverts values at or above the threshold.</summary>
/// <param name="Probability">Share of the views that are solarised.</param>
/// <param name="Threshold">0 … 255.</param>
public sealed record SolarizeSettings(float Probability, int Threshold = 128);

/// <summary>Rotation by an angle uniform in [−Degrees, Degrees], or by a random multiple of 90° when <paramref name="QuarterTurns"/> is set.</summary>
/// <param name="Probability">Share of the views that are rotated.</param>
/// <param name="Degrees">Greatest angle.</param>
/// <param name="QuarterTurns">0°, 90°, 180° or 270° instead, each with probability 1/4.</param>
/// <param name="Bilinear">Interpolate; false: nearest pixel, torchvision's default.</param>
public sealed record RotationSettings(float Probability, float Degrees, bool QuarterTurns = false, bool Bilinear = false);

/// <summary>Channel means and standard deviations of values in 0 … 1.</summary>
/// <param name="Mean">Red, green, blue.</param>
/// <param name="StandardDeviation">Red, green, blue; all positive.</param>
public sealed record NormalizeSettings(ImmutableArray<float> Mean, ImmutableArray<float> StandardDeviation)
{
    /// <summary>The usual numbers of CIFAR-10.</summary>
    public static NormalizeSettings Cifar10 { get; } = new([0.4914f, 0.4822f, 0.4465f], [0.247f, 0.2435f, 0.2616f]);

    /// <summary>The usual numbers of ImageNet.</summary>
    public static NormalizeSettings ImageNet { get; } = new([0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f]);

    /// <summary>Values stay in 0 … 1.</summary>
    public static NormalizeSettings None { get; } = new([0, 0, 0], [1, 1, 1]);
}

/// <summary>Everything that makes one view of an image. Defaults: a random resized crop, flipped half of the time.</summary>
public sealed record ViewSettings
{
    /// <summary>Torchvision's and SimCLR's order.</summary>
    public static ImmutableArray<ViewOperation> DefaultOrder { get; } =
    [
        ViewOperation.Flip, ViewOperation.Rotation, ViewOperation.Jitter,
        ViewOperation.Grayscale, ViewOperation.Blur, ViewOperation.Solarize,
    ];

    /// <summary>The crop.</summary>
    public required CropSettings Crop { get; init; }

    /// <summary>Share of the views that are mirrored.</summary>
    public float FlipProbability { get; init; } = 0.5f;

    /// <summary>Rotation, or null.</summary>
    public RotationSettings? Rotation { get; init; }

    /// <summary>Colour jitter, or null.</summary>
    public JitterSettings? Jitter { get; init; }

    /// <summary>Share of the views in gray.</summary>
    public float GrayscaleProbability { get; init; }

    /// <summary>Blur, or null.</summary>
    public BlurSettings? Blur { get; init; }

    /// <summary>Solarisation, or null.</summary>
    public SolarizeSettings? Solarize { get; init; }

    /// <summary>Applied last.</summary>
    public NormalizeSettings Normalize { get; init; } = NormalizeSettings.Cifar10;

    /// <summary>Order of the operations between crop and normalisation. One that is not listed is not applied.</summary>
    public ImmutableArray<ViewOperation> Order { get; init; } = DefaultOrder;

    /// <summary>Floats of one view: 3 · Size · Size.</summary>
    public int Length => 3 * Crop.Size * Crop.Size;

    /// <summary>SimCLR on small images: crop from 0.2 of the area, flip, jitter, gray (no blur).</summary>
    public static ViewSettings SimClrSmall(int size, NormalizeSettings normalize) => new()
    {
        Crop = new CropSettings { Size = size, ScaleMin = 0.2f },
        Jitter = new JitterSettings(0.8f, 0.4f, 0.4f, 0.2f, 0.1f),
        GrayscaleProbability = 0.2f,
        Normalize = normalize,
    };

    /// <summary>No randomness: shorter side to <paramref name="resizeShorter"/> (0: to size), centre crop, normalise.</summary>
    public static ViewSettings Evaluation(int size, NormalizeSettings normalize, int resizeShorter = 0) => new()
    {
        Crop = new CropSettings { Size = size, Kind = CropKind.Center, ResizeShorter = resizeShorter },
        FlipProbability = 0,
        Normalize = normalize,
    };
}
