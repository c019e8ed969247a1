using SslOrleans.Learning.Data;

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
}
