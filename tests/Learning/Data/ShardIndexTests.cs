using System.Formats.Tar;
using FsCheck.Fluent;
using FsCheck;
using SslOrleans.Contracts;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Tests.Data;

public sealed class ShardIndexTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("train-0.tar")]
    [InlineData("train-0.tar.gz")]
    [InlineData("train-0.sslpack")]
    public void Shards_that_lie_elsewhere_show_the_same_samples(string name)
    {
        var tar = new TarBuilder().Samples(12).Add("c.jpg", TarBuilder.Jpeg(1)).Add("c.txt", "a caption").Add("d.xml", "?");
        _folder.Write("in/train-0.tar", tar.Build(TarEntryFormat.Pax));
        _folder.Write("set/classes.txt", "a\nb\n"u8.ToArray());
        if (name.EndsWith("pack", StringComparison.Ordinal))
        {
            using var source = ImageSources.Open(_folder.File("in"));
            Packer.Pack(source, _folder.File("set"));
        }
        else
        {
            _folder.Write($"set/{name}", name.EndsWith("gz", StringComparison.Ordinal) ? tar.BuildGzip() : tar.Build(TarEntryFormat.Pax));
        }

        var files = new FolderFiles(_folder.File("set"));
        var index = ShardIndex.Make(files, files.List().Single(f => f.Name != "classes.txt"));
        var back = ShardIndex.TryParse(index.ToBytes())!;
        Assert.Equal(index.Samples, back.Samples);
        Assert.Equal(index.Classes, back.Classes);
        Assert.Equal(index.Notes, back.Notes);
        using var local = ImageSources.Open(_folder.File("set"));
        using var made = ImageSources.Open(files);
        using var given = ImageSources.Open(files, "train", null, _ => back);
        Assert.Equal((local.Fingerprint, local.Fingerprint), (made.Fingerprint, given.Fingerprint));
        Assert.Equal(local.Classes, given.Classes);
        Assert.Equal(13, given.Count);
        for (var i = 0; i < 13; i++)
        {
            Assert.Equal((local.Key(i), local.Label(i), local.Caption(i)), (given.Key(i), given.Label(i), given.Caption(i)));
            Assert.Equal(local.Read(i).Pixels.ToArray(), given.Read(i).Pixels.ToArray());
        }

        Assert.Equal("a caption", given.Caption(12));
    }

    [Fact]
    public void Splits_are_found_by_name_and_by_folder()
    {
        _folder.Write("set/x-train-0.tar", new TarBuilder().Samples(4).Build());
        _folder.Write("set/val/y.tar", new TarBuilder().Samples(2).Build());
        using var train = ImageSources.Open(new FolderFiles(_folder.File("set")), "train");
        using var test = ImageSources.Open(new FolderFiles(_folder.File("set")), "test");
        Assert.Equal((4, 2), (train.Count, test.Count));
        Assert.Contains("no split 'extra'", Assert.Throws<UserErrorException>(() => ImageSources.Open(new FolderFiles(_folder.File("set")), "extra")).Message);
        _folder.Write("pictures/a.jpg", TarBuilder.Jpeg(1));
        Assert.Contains("sslo data pack", Assert.Throws<UserErrorException>(() => ImageSources.Open(new FolderFiles(_folder.File("pictures")))).Message);
    }

    [Fact]
    public void A_change_that_keeps_size_and_time_is_noticed_by_the_hash()
    {
        var path = _folder.Write("set/x.tar", new TarBuilder().Samples(20).Build());
        var written = File.GetLastWriteTimeUtc(path);
        using var source = ImageSources.Open(_folder.File("set"));
        source.ReadEncoded(3);
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            file.Position = 700;
            file.WriteByte(0x5A);
        }

        File.SetLastWriteTimeUtc(path, written);
        source.ReadEncoded(3);
        var error = Assert.Throws<UserErrorException>(() => source.ReadEncoded(0));
        Assert.Contains("x.tar: '0000' does not match its hash", error.Message);
    }

    [Fact]
    public void An_index_that_does_not_fit_its_shard_is_refused()
    {
        _folder.Write("set/x.tar", new TarBuilder().Samples(2).Build());
        var index = new ShardIndex([new ShardSample("a", 1 << 20, 10, 0, "", 0)], [], []);
        Assert.Contains("does not fit", Assert.Throws<UserErrorException>(() => ImageSources.Open(new FolderFiles(_folder.File("set")), "train", null, _ => index)).Message);
    }

    [Fact]
    public void Any_bytes_as_an_index()
    {
        var good = new ShardIndex([new ShardSample("key", 5, 6, 1, "text", 7), new ShardSample("other", 50, 6, -1, "", 9)], ["a"], ["note"]).ToBytes();
        var edits = Gen.ListOf(Gen.Zip(Gen.Choose(0, good.Length - 1), Gen.Choose(0, 255))).ToArbitrary();
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500).WithReplay(17, 4711, 100), Prop.ForAll(edits, changes =>
        {
            var bytes = good.ToArray();
            foreach (var (at, value) in changes)
                bytes[at] = (byte)value;
            var before = GC.GetAllocatedBytesForCurrentThread();
            _ = ShardIndex.TryParse(bytes);
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
        }));
        Assert.Null(ShardIndex.TryParse([]));
    }

    [Fact]
    public void Stl_files_are_planes_of_columns_with_labels_from_1()
    {
        var image = new byte[2 * 27648];
        (image[1], image[96], image[9216], image[27648]) = (11, 22, 33, 44);
        _folder.Write("stl/train_X.bin", image);
        _folder.Write("stl/train_y.bin", [1, 10]);
        _folder.Write("stl/unlabeled_X.bin", image);
        _folder.Write("stl/class_names.txt", "airplane\nbird\n"u8.ToArray());
        Assert.Equal(["train", "unlabeled"], ImageSources.Splits(_folder.File("stl")));
        using var train = ImageSources.Open(_folder.File("stl"));
        using var unlabelled = ImageSources.Open(_folder.File("stl"), "unlabeled");
        Assert.Equal((2, 0, 9), (train.Count, train.Label(0), train.Label(1)));
        Assert.Null(unlabelled.Label(1));
        var pixels = train.Read(0).Pixels.ToArray();
        Assert.Equal((11, 22, 33), (pixels[96 * 3], pixels[3], pixels[1]));
        Assert.Equal(44, train.Read(1).Pixels[0]);
        Assert.NotEqual(train.Fingerprint, unlabelled.Fingerprint);
        foreach (var split in new[] { "train", "unlabeled" })
        {
            using var source = ImageSources.Open(_folder.File("stl"), split);
            Packer.Pack(source, _folder.File("packed"), split, new PackOptions { Quality = 0 });
            using var packed = ImageSources.Open(_folder.File("packed"), split);
            Assert.Equal((2, source.Label(0)), (packed.Count, packed.Label(0)));
            Assert.Equal(source.Read(0).Pixels.ToArray(), packed.Read(0).Pixels.ToArray());
        }

        Assert.Equal(["train", "unlabeled"], ImageSources.Splits(_folder.File("packed")));
        Assert.Equal(["train", "unlabeled"], ImageSources.Splits(new FolderFiles(_folder.File("packed"))));
        _folder.Write("stl/train_y.bin", [1, 11]);
        Assert.Contains("labels 1 to 10", Assert.Throws<UserErrorException>(() => ImageSources.Open(_folder.File("stl"))).Message);
        _folder.Write("stl/unlabeled_X.bin", image[..1000]);
        Assert.Contains("download it again", Assert.Throws<UserErrorException>(() => ImageSources.Open(_folder.File("stl"), "unlabeled")).Message);
    }

    [Fact]
    public void A_png_header_of_100000_by_100000_pixels_costs_no_memory()
    {
        var png = ImageEncoder.Png(new RgbImage(4, 4));
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(16), 100_000);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(20), 100_000);
        var crc = new System.IO.Hashing.Crc32();
        crc.Append(png.AsSpan(12, 17));
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(29), crc.GetCurrentHashAsUInt32());
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<UndecodableImageException>(() => ImageDecoder.Decode(png));
        Assert.Contains("100000x100000", error.Message);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    public void Dispose() => _folder.Dispose();
}
