using System.Diagnostics;
using SslOrleans.Learning.Data;

namespace SslOrleans.Learning.Augment;

/// <summary>What was measured.</summary>
/// <param name="Images">Images decoded and rendered.</param>
/// <param name="Views">Views made.</param>
/// <param name="Seconds">Wall-clock time of one thread.</param>
public sealed record AugmentResult(int Images, int Views, double Seconds)
{
    /// <summary>Views a second and core.</summary>
    public double ViewsPerSecond => Views / Seconds;
}

/// <summary>Views a second on one thread, decoding included: every image is decoded anew each time, as the usual pipeline does it.</summary>
public static class AugmentBenchmark
{
    /// <summary>SimCLR's two 32-pixel views (crop, flip, jitter, gray), as in the usual CIFAR-10 pipeline.</summary>
    public static ViewPlan Small { get; } = ViewPlan.Same(2, ViewSettings.SimClrSmall(32, NormalizeSettings.Cifar10));

    /// <summary>SimCLR's two 224-pixel views (crop, flip, jitter, gray, blur), as in the usual ImageNet pipeline.</summary>
    public static ViewPlan Large { get; } = ViewPlan.Same(2, new ViewSettings
    {
        Crop = new CropSettings { Size = 224, ScaleMin = 0.08f },
        Jitter = new JitterSettings(0.8f, 0.8f, 0.8f, 0.8f, 0.2f),
        GrayscaleProbability = 0.2f,
        Blur = new BlurSettings(0.5f),
        Normalize = NormalizeSettings.ImageNet,
    });

    /// <summary>Renders all views of one image after the other until the time is over, after a warm-up.</summary>
    /// <param name="path">A data set that <see cref="ImageSources"/> reads.</param>
    /// <param name="plan"><see cref="Small"/>, <see cref="Large"/> or a recipe's.</param>
    /// <param name="seconds">How long to measure.</param>
    /// <param name="keepDecoded">Keep decoded images, as training does with small ones; false: decode each time.</param>
    public static AugmentResult Run(string path, ViewPlan plan, double seconds, bool keepDecoded = false)
    {
        var options = new SourceOptions { Limit = 2048 };
        using var source = ImageSources.Open(path, "train", keepDecoded ? options : options with { KeepDecodedBytes = 0 });
        var image = new RgbImage();
        var target = new float[Enumerable.Range(0, plan.Count).Max(view => plan[view].Length)];
        var next = 0;
        Measure(Math.Min(1, seconds / 2));
        return Measure(seconds);

        AugmentResult Measure(double limit)
        {
            var images = 0;
            var clock = Stopwatch.StartNew();
            for (; clock.Elapsed.TotalSeconds < limit; images++, next++)
            {
                var (epoch, sample) = Math.DivRem(next, source.Count);
                var decoded = source.Read(sample, image);
                for (var view = 0; view < plan.Count; view++)
                    ViewRenderer.Render(decoded, plan[view], 0, epoch, sample, view, target.AsSpan(0, plan[view].Length));
            }

            return new AugmentResult(images, images * plan.Count, clock.Elapsed.TotalSeconds);
        }
    }

    /// <summary>Writes a tar of 500×375 JPEGs, about as detailed as photographs, for <see cref="Large"/>.</summary>
    /// <param name="folder">Receives <c>large-train-000000.tar</c>.</param>
    /// <param name="count">Images.</param>
    /// <param name="seed">Seed of the pictures.</param>
    public static void WriteLargeImages(string folder, int count, ulong seed) => LargeImages.Write(folder, count, seed);
}
