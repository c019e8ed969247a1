using System.Runtime.InteropServices;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Images;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Tests.Augment;

public class ViewRendererTests
{
    private static readonly ViewSettings s_everything = new()
    {
        Crop = new CropSettings { Size = 40, ScaleMin = 0.1f, Interpolation = Interpolation.Bicubic },
        Rotation = new RotationSettings(0.5f, 45, Bilinear: true),
        Jitter = new JitterSettings(0.8f, 0.4f, 0.4f, 0.2f, 0.1f),
        GrayscaleProbability = 0.2f,
        Blur = new BlurSettings(0.5f),
        Solarize = new SolarizeSettings(0.3f),
    };

    [Fact]
    public void Same_bits_on_every_thread_and_in_any_order()
    {
        var images = Enumerable.Range(0, 40).Select(i => GeneratedImages.Draw(4, 0, i).Image).ToArray();
        var expected = images.Select((image, i) => Render(image, s_everything, i)).ToArray();
        Parallel.For(0, 400, new ParallelOptions { MaxDegreeOfParallelism = 6 }, k =>
        {
            var i = (k * 27) % 40;
            // Another view in between leaves its traces in the thread's buffers.
            Render(images[(i + k) % 40], ViewSettings.SimClrSmall(32 + (k % 50), NormalizeSettings.ImageNet), k);
            Assert.Equal(expected[i], Render(images[i], s_everything, i));
        });
        Assert.Equal(40, expected.Select(view => view.Sum()).Distinct().Count());
    }

    [Fact]
    public void Epoch_sample_view_and_seed_all_matter()
    {
        var image = GeneratedImages.Draw(4, 0, 1).Image;
        var settings = ViewSettings.SimClrSmall(32, NormalizeSettings.Cifar10);
        float[] View(ulong seed, long epoch, long sample, int view)
        {
            var target = new float[settings.Length];
            ViewRenderer.Render(image, settings, seed, epoch, sample, view, target);
            return target;
        }

        var views = new[] { View(1, 0, 0, 0), View(2, 0, 0, 0), View(1, 1, 0, 0), View(1, 0, 1, 0), View(1, 0, 0, 1) };
        for (var i = 0; i < views.Length; i++)
        {
            for (var j = 0; j < i; j++)
                Assert.NotEqual(views[i], views[j]);
        }
    }

    [Fact]
    public void The_bits_are_these()
    {
        // The same with 512, 256 and 128 bit vectors and with none (DOTNET_EnableAVX512F=0, EnableAVX2=0, EnableHWIntrinsic=0).
        // Changing any draw, rounding or order changes what a run with the same seed learns: it must not happen unnoticed.
        var hash = new System.IO.Hashing.XxHash64();
        for (var i = 0; i < 50; i++)
        {
            var image = new RgbImage(48, 37, [.. Enumerable.Range(0, 48 * 37 * 3).Select(k => (byte)((k / 3 * (k % 3 + 2)) + (k * k * (i + 3) >> 9)))]);
            hash.Append(MemoryMarshal.AsBytes(Render(image, s_everything, i).AsSpan()));
        }

        Assert.Equal("4CA7E4FE614E4461", Convert.ToHexString(hash.GetCurrentHash()));
    }

    [Fact]
    public void Nothing_is_allocated_once_warm()
    {
        var small = GeneratedImages.Draw(4, 0, 1).Image;
        var large = new RgbImage(300, 200);
        var target = new float[s_everything.Length];
        void Many(int from)
        {
            for (var i = from; i < from + 300; i++)
                ViewRenderer.Render(i % 2 == 0 ? small : large, s_everything, 1, 0, i, 0, target);
        }

        Many(0);
        Many(0);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Many(0);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Normalised_planes()
    {
        var image = new RgbImage(3, 3, [.. Enumerable.Range(0, 27).Select(i => (byte)(i * 9))]);
        var settings = ViewSettings.Evaluation(3, NormalizeSettings.Cifar10);
        var target = new float[27];
        ViewRenderer.Render(image, settings, 0, 0, 0, 0, target);
        for (var c = 0; c < 3; c++)
        {
            for (var i = 0; i < 9; i++)
            {
                var expected = ((image.Pixels[(i * 3) + c] / 255f) - NormalizeSettings.Cifar10.Mean[c]) / NormalizeSettings.Cifar10.StandardDeviation[c];
                Assert.Equal(expected, target[(c * 9) + i]);
            }
        }
    }

    [Fact]
    public void Padded_crop_has_a_black_border()
    {
        var image = new RgbImage(4, 4, [.. Enumerable.Repeat((byte)200, 48)]);
        var settings = new ViewSettings { Crop = new CropSettings { Size = 4, Kind = CropKind.Padded, Padding = 2 } };
        var view = ViewRenderer.RenderImage(image, settings, new ViewParameters { Crop = new CropBox(-2, 1, 4, 4) });
        Assert.Equal(0, view.Pixels[0]);
        Assert.Equal(200, view.Pixels[2 * 3]);
        Assert.Equal(200, view.Pixels[(2 * 12) + (3 * 3)]);
        Assert.Equal(0, view.Pixels[(3 * 12) + (3 * 3)]);
    }

    [Fact]
    public void Without_antialias_only_the_nearest_taps_count()
    {
        // A single bright column between the sampled places is seen only by the antialiased filter.
        var image = new RgbImage(64, 8);
        for (var y = 0; y < 8; y++)
            image.Writable.Slice(((y * 64) + 7) * 3, 3).Fill(255);
        var crop = new CropSettings { Size = 8 };
        var box = new ViewParameters { Crop = new CropBox(0, 0, 64, 8) };
        var smooth = ViewRenderer.RenderImage(image, new ViewSettings { Crop = crop }, box);
        var points = ViewRenderer.RenderImage(image, new ViewSettings { Crop = crop with { Antialias = false } }, box);
        Assert.True(smooth.Pixels[0] > 5);
        Assert.Equal(0, points.Pixels[0]);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 50)]
    [InlineData(3, 2)]
    public void Tiny_images_are_rendered(int width, int height)
    {
        var target = new float[s_everything.Length];
        for (var i = 0; i < 50; i++)
            ViewRenderer.Render(new RgbImage(width, height), s_everything, 1, 0, i, 0, target);
        Assert.All(target, value => Assert.True(float.IsFinite(value)));
    }

    [Fact]
    public void Portable_functions_agree_with_the_library()
    {
        for (var x = -20.0; x < 20; x += 0.0371)
        {
            Assert.Equal(1, PortableMath.Exp(x) / Math.Exp(x), 1e-14);
            Assert.Equal(x, PortableMath.Log(Math.Exp(x)), 1e-14 * Math.Max(1, Math.Abs(x)) * 10);
            var (sin, cos) = PortableMath.SinCosDegrees(x * 20);
            Assert.Equal(Math.Sin(x * 20 * Math.PI / 180), sin, 1e-13);
            Assert.Equal(Math.Cos(x * 20 * Math.PI / 180), cos, 1e-13);
        }
    }

    private static float[] Render(RgbImage image, ViewSettings settings, long sample)
    {
        var target = new float[settings.Length];
        ViewRenderer.Render(image, settings, 1, 3, sample, 0, target);
        return target;
    }
}
