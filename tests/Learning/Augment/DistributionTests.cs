using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Images;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Tests.Augment;

/// <summary>20,000 draws against torchvision's documented distributions.</summary>
public class DistributionTests
{
    private const int Draws = 20_000;

    private static readonly ViewSettings s_settings = new()
    {
        Crop = new CropSettings { Size = 32, ScaleMin = 0.2f },
        Jitter = new JitterSettings(0.8f, 0.4f, 0.4f, 0.2f, 0.1f),
        GrayscaleProbability = 0.2f,
        Blur = new BlurSettings(0.5f, 0.1f, 2f),
        Solarize = new SolarizeSettings(0.1f),
        Rotation = new RotationSettings(0.3f, 30f),
    };

    [Fact]
    public void Probabilities()
    {
        var all = Sample(s_settings, 500, 500);
        Share(0.5, all.Count(p => p.Flip));
        Share(0.8, all.Count(p => p.Jitter));
        Share(0.2, all.Count(p => p.Grayscale));
        Share(0.5, all.Count(p => p.BlurSigma > 0));
        Share(0.1, all.Count(p => p.Solarize));
        Share(0.3, all.Count(p => p.Angle != 0));

        static void Share(double probability, int count) =>
            Assert.InRange(count - (Draws * probability), -5 * Math.Sqrt(Draws * probability * (1 - probability)), 5 * Math.Sqrt(Draws * probability * (1 - probability)));
    }

    [Fact]
    public void Factors_are_uniform_and_independent()
    {
        var jittered = Sample(s_settings, 500, 500).Where(p => p.Jitter).ToArray();
        Uniform(jittered.Select(p => (double)p.Brightness), 0.6, 1.4);
        Uniform(jittered.Select(p => (double)p.Contrast), 0.6, 1.4);
        Uniform(jittered.Select(p => (double)p.Saturation), 0.8, 1.2);
        Uniform(jittered.Select(p => (double)p.Hue), -0.1, 0.1);
        var correlation = jittered.Average(p => (p.Brightness - 1.0) * (p.Contrast - 1.0)) / (0.8 * 0.8 / 12);
        Assert.InRange(correlation, -5 / Math.Sqrt(jittered.Length), 5 / Math.Sqrt(jittered.Length));
        var orders = jittered.GroupBy(p => p.JitterOrder).Select(g => g.Count()).ToArray();
        Assert.Equal(24, orders.Length);
        var expected = jittered.Length / 24.0;
        Assert.True(orders.Sum(n => (n - expected) * (n - expected) / expected) < 60, "chi square of 23 degrees of freedom");
    }

    [Fact]
    public void Other_strengths()
    {
        var all = Sample(s_settings, 500, 500);
        Uniform(all.Where(p => p.BlurSigma > 0).Select(p => (double)p.BlurSigma), 0.1, 2);
        Uniform(all.Where(p => p.Angle != 0).Select(p => (double)p.Angle), -30, 30);
    }

    [Fact]
    public void Crop_area_is_uniform_and_ratio_log_uniform()
    {
        // Shares that always fit, so that rejection leaves the distributions alone; 2,000 pixels, so that rounding does not show.
        var settings = s_settings with { Crop = s_settings.Crop with { ScaleMin = 0.1f, ScaleMax = 0.7f } };
        var all = Sample(settings, 2000, 2000);
        Uniform(all.Select(p => (double)p.Crop.Width * p.Crop.Height / 4e6), 0.1, 0.7);
        Uniform(all.Select(p => Math.Log((double)p.Crop.Width / p.Crop.Height)), Math.Log(0.75), Math.Log(4 / 3.0));
        var tight = all.Where(p => p.Crop.Width < 1900).ToArray();
        Uniform(tight.Select(p => p.Crop.Left / (2000.0 - p.Crop.Width)), 0, 1);
        Uniform(tight.Where(p => p.Crop.Height < 1900).Select(p => p.Crop.Top / (2000.0 - p.Crop.Height)), 0, 1);
    }

    [Fact]
    public void A_full_crop_is_rejected_as_often_as_in_torchvision()
    {
        // Share 1 of a square fits only when the ratio rounds to 1: nearly all draws end in the fallback, the whole image.
        var whole = Sample(s_settings with { Crop = s_settings.Crop with { ScaleMin = 1f, ScaleMax = 1f } }, 100, 100);
        Assert.True(whole.Count(p => p.Crop == new CropBox(0, 0, 100, 100)) > Draws * 0.99);
    }

    [Theory]
    [InlineData(1000, 10, 13, 10)]
    [InlineData(10, 1000, 10, 13)]
    public void A_very_long_image_falls_back_to_the_middle(int width, int height, int boxWidth, int boxHeight)
    {
        foreach (var p in Sample(s_settings, width, height).Take(100))
            Assert.Equal(new CropBox((width - boxWidth) / 2, (height - boxHeight) / 2, boxWidth, boxHeight), p.Crop);
    }

    [Fact]
    public void Padded_crops_are_uniform_over_the_offsets()
    {
        var settings = s_settings with { Crop = new CropSettings { Size = 32, Kind = CropKind.Padded, Padding = 4 } };
        var lefts = Sample(settings, 32, 32).GroupBy(p => p.Crop.Left).ToDictionary(g => g.Key, g => g.Count());
        Assert.Equal(Enumerable.Range(-4, 9), lefts.Keys.Order());
        Assert.True(lefts.Values.Sum(n => Math.Pow(n - (Draws / 9.0), 2) / (Draws / 9.0)) < 35, "chi square of 8 degrees of freedom");
    }

    private static ViewParameters[] Sample(ViewSettings settings, int width, int height)
    {
        var result = new ViewParameters[Draws];
        for (var i = 0; i < Draws; i++)
        {
            var random = new RandomStream(11, Purpose.View, i / 5000, i % 5000, 1);
            result[i] = ViewParameters.Draw(settings, width, height, ref random);
        }

        return result;
    }

    /// <summary>Kolmogorov–Smirnov at about one in a million.</summary>
    private static void Uniform(IEnumerable<double> values, double low, double high)
    {
        var sorted = values.Order().ToArray();
        Assert.True(sorted.Length > 1000);
        var distance = 0.0;
        for (var i = 0; i < sorted.Length; i++)
        {
            var share = (sorted[i] - low) / (high - low);
            distance = Math.Max(distance, Math.Max(Math.Abs(share - (i / (double)sorted.Length)), Math.Abs(share - ((i + 1) / (double)sorted.Length))));
        }

        Assert.True(distance < 2.7 / Math.Sqrt(sorted.Length), $"distance {distance} from uniform in {low} … {high}");
    }
}
