using System.Numerics;
using System.Runtime.InteropServices;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Tests.Data;

public class GeneratedSourceTests
{
    [Fact]
    public void Generated_shards_are_read_back()
    {
        using var folder = new TemporaryFolder();
        GeneratedImages.Write(folder.Path, 120, 40, 5);
        using var train = ImageSources.Open(folder.Path, "train");
        using var test = ImageSources.Open(folder.Path, "test");
        Assert.Equal((120, 40), (train.Count, test.Count));
        Assert.Equal(GeneratedImages.Classes, train.Classes);
        Assert.Equal(Enumerable.Range(0, 120).Select(i => (int?)(i % 10)), Enumerable.Range(0, 120).Select(train.Label));
        Assert.NotEqual(train.Fingerprint, test.Fingerprint);

        // JPEG loses a little; a wrong image, channel order or row order would lose a lot.
        var (drawn, _) = GeneratedImages.Draw(5, 0, 17);
        var read = train.Read(17);
        Assert.Equal((32, 32), (read.Width, read.Height));
        var difference = 0.0;
        for (var i = 0; i < drawn.ByteCount; i++)
            difference += Math.Abs(drawn.Pixels[i] - read.Pixels[i]);
        Assert.InRange(difference / drawn.ByteCount, 0.1, 12);
    }

    [Fact]
    public void Same_seed_same_bytes_other_seed_other_bytes()
    {
        using var a = new TemporaryFolder();
        using var b = new TemporaryFolder();
        using var c = new TemporaryFolder();
        GeneratedImages.Write(a.Path, 60, 10, 1);
        GeneratedImages.Write(b.Path, 60, 10, 1);
        GeneratedImages.Write(c.Path, 60, 10, 2);
        var file = "generated-train-000000.tar";
        Assert.Equal(File.ReadAllBytes(a.File(file)), File.ReadAllBytes(b.File(file)));
        Assert.NotEqual(File.ReadAllBytes(a.File(file)), File.ReadAllBytes(c.File(file)));
    }

    [Fact]
    public void Limit_takes_the_first_images()
    {
        using var folder = new TemporaryFolder();
        GeneratedImages.Write(folder.Path, 60, 0, 1);
        using var all = ImageSources.Open(folder.Path);
        using var some = ImageSources.Open(folder.Path, "train", new SourceOptions { Limit = 7 });
        Assert.Equal(7, some.Count);
        Assert.Equal(all.Key(6), some.Key(6));
        Assert.NotEqual(all.Fingerprint, some.Fingerprint);
    }

    [Fact]
    public void The_mean_colour_says_nothing_and_the_pixels_say_something()
    {
        const int Train = 1000;
        const int Test = 200;
        var means = Features(image => Average(image));
        var pixels = Features(image => [.. Enumerable.Range(0, 16 * 16 * 3).Select(i => (float)image.Pixels[(((i / 48 * 2 * 32) + (i / 3 % 16 * 2)) * 3) + (i % 3)])]);
        Assert.InRange(Accuracy(means), 0.04, 0.17);
        Assert.InRange(Accuracy(pixels), 0.2, 0.55);

        float[][] Features(Func<RgbImage, float[]> of)
        {
            var rows = Enumerable.Range(0, Train + Test).AsParallel().AsOrdered()
                .Select(i => of(GeneratedImages.Draw(1, i < Train ? 0 : 1, i % Train).Image)).ToArray();
            var center = new float[rows[0].Length];
            for (var d = 0; d < center.Length; d++)
                center[d] = rows.Take(Train).Average(row => row[d]);
            foreach (var row in rows)
            {
                for (var d = 0; d < row.Length; d++)
                    row[d] -= center[d];
                var norm = MathF.Sqrt(Dot(row, row));
                for (var d = 0; d < row.Length; d++)
                    row[d] /= norm;
            }

            return rows;
        }

        double Accuracy(float[][] rows)
        {
            var right = Enumerable.Range(0, Test).AsParallel().Count(t =>
            {
                var votes = new double[10];
                foreach (var (similarity, label) in Enumerable.Range(0, Train)
                    .Select(i => (Dot(rows[Train + t], rows[i]), i % 10)).OrderByDescending(pair => pair.Item1).Take(20))
                    votes[label] += Math.Exp(similarity / 0.07);
                return Array.IndexOf(votes, votes.Max()) == t % 10;
            });
            return right / (double)Test;
        }

        static float[] Average(RgbImage image)
        {
            var sum = new float[3];
            for (var i = 0; i < image.ByteCount; i++)
                sum[i % 3] += image.Pixels[i];
            return sum;
        }
    }

    private static float Dot(float[] a, float[] b)
    {
        var sum = Vector<float>.Zero;
        var x = MemoryMarshal.Cast<float, Vector<float>>(a);
        var y = MemoryMarshal.Cast<float, Vector<float>>(b);
        for (var i = 0; i < x.Length; i++)
            sum += x[i] * y[i];
        var total = Vector.Sum(sum);
        for (var i = x.Length * Vector<float>.Count; i < a.Length; i++)
            total += a[i] * b[i];
        return total;
    }
}
