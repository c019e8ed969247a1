using FsCheck.Fluent;
using FsCheck;
using SslOrleans.Contracts;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Tests.Data;

/// <summary>Readers fed with damaged files: a result or one of two exceptions, nothing else, in bounded time and memory.</summary>
public class FuzzTests
{
    private static readonly Config s_config = Config.QuickThrowOnFailure.WithMaxTest(400).WithReplay(17, 4711, 100);

    [Fact]
    public void Damaged_jpegs() => Damage(ImageEncoder.Jpeg(GeneratedImages.Draw(1, 0, 3).Image, 85), DecodeBounded);

    [Fact]
    public void Damaged_pngs() => Damage(ImageEncoder.Png(GeneratedImages.Draw(1, 0, 3).Image), DecodeBounded);

    [Fact]
    public void Any_bytes_as_an_image() =>
        Check.One(s_config, Prop.ForAll<byte[]>(bytes => Survives(() => DecodeBounded(bytes))));

    [Fact]
    public void Damaged_tars()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("x.tar");
        Damage(
            new TarBuilder().Samples(3).Add("c.json", "{\"label\": 1}").Add("c.jpg", TarBuilder.Jpeg(1)).Build(System.Formats.Tar.TarEntryFormat.Pax),
            bytes => ReadAll(path, bytes));
    }

    [Fact]
    public void Damaged_gzips()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("x.tar.gz");
        Damage(new TarBuilder().Samples(3).BuildGzip(), bytes => ReadAll(path, bytes));
    }

    [Fact]
    public void Damaged_packed_shards()
    {
        using var folder = new TemporaryFolder();
        folder.Write("in/x.tar", new TarBuilder().Samples(3).Build());
        using (var source = ImageSources.Open(folder.File("in")))
            Packer.Pack(source, folder.File("out"));
        var path = folder.File("x.sslpack");
        Damage(File.ReadAllBytes(folder.File("out/train-000000.sslpack")), bytes => ReadAll(path, bytes));
    }

    private static void Damage(byte[] good, Action<byte[]> read)
    {
        read(good);
        var edits = Gen.ListOf(Gen.Zip(Gen.Choose(0, int.MaxValue), Gen.Choose(0, 255))).ToArbitrary();
        var cut = Gen.Choose(0, 3 * good.Length).ToArbitrary();
        Check.One(s_config, Prop.ForAll(edits, cut, (changes, length) =>
        {
            var bytes = good[..Math.Min(length, good.Length)];
            foreach (var (where, value) in changes)
            {
                if (bytes.Length > 0)
                    bytes[where % bytes.Length] = (byte)value;
            }

            Survives(() => read(bytes));
        }));
    }

    private static void Survives(Action read)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            read();
        }
        catch (Exception refusal) when (refusal is UserErrorException or UndecodableImageException)
        {
            Assert.NotEmpty(refusal.Message);
        }

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), "took too long");
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 64 << 20, "took too much memory");
    }

    private static void DecodeBounded(byte[] bytes) => ImageDecoder.Decode(bytes, new RgbImage(), pixelLimit: 1 << 20);

    private static void ReadAll(string path, byte[] bytes)
    {
        File.WriteAllBytes(path, bytes);
        using var source = ImageSources.Open(path, "train", new SourceOptions { PixelLimit = 1 << 20 });
        for (var i = 0; i < source.Count; i++)
            source.Read(i);
    }
}
