using System.Formats.Tar;
using SslOrleans.Contracts;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Tests.Data;

public class TarSourceTests
{
    [Theory]
    [InlineData(TarEntryFormat.Ustar)]
    [InlineData(TarEntryFormat.Pax)]
    [InlineData(TarEntryFormat.Gnu)]
    public void Reads_every_tar_dialect_with_long_names(TarEntryFormat format)
    {
        using var folder = new TemporaryFolder();
        var deep = string.Join('/', Enumerable.Repeat("a-rather-long-folder", format == TarEntryFormat.Ustar ? 5 : 12));
        folder.Write("x.tar", new TarBuilder().Samples(3).Add($"{deep}/z.jpeg", TarBuilder.Jpeg(7)).Add($"{deep}/z.txt", "a caption\n").Build(format));
        using var source = ImageSources.Open(folder.Path);
        Assert.Equal(4, source.Count);
        Assert.Equal($"x.tar/{deep}/z", source.Key(3));
        Assert.Equal("a caption", source.Caption(3));
        Assert.Null(source.Label(3));
        Assert.Equal(2, source.Label(2));
        Assert.Equal(TarBuilder.Jpeg(7), source.ReadEncoded(3));
        Assert.Equal(ImageDecoder.Decode(TarBuilder.Jpeg(7)).Pixels.ToArray(), source.Read(3).Pixels.ToArray());
    }

    [Fact]
    public void Gzip_and_plain_give_the_same_images_from_memory_and_from_the_cache_folder()
    {
        using var folder = new TemporaryFolder();
        var plain = folder.Write("plain/x.tar", new TarBuilder().Samples(20).Build());
        folder.Write("gzip/x.tar.gz", new TarBuilder().Samples(20).BuildGzip());
        using var expected = ImageSources.Open(plain);
        using var inMemory = ImageSources.Open(folder.File("gzip"));
        var cache = folder.File("cache");
        var small = new SourceOptions { MemoryLimit = 1000, CacheFolder = cache };
        using (var onDisk = ImageSources.Open(folder.File("gzip"), "train", small))
        {
            Assert.Single(Directory.GetFiles(cache));
            Assert.Equal(inMemory.Fingerprint, onDisk.Fingerprint);
            for (var i = 0; i < 20; i++)
            {
                Assert.Equal(expected.Read(i).Pixels.ToArray(), inMemory.Read(i).Pixels.ToArray());
                Assert.Equal(expected.Read(i).Pixels.ToArray(), onDisk.Read(i).Pixels.ToArray());
            }
        }

        Assert.Empty(Directory.GetFiles(cache));
        var full = Assert.Throws<UserErrorException>(() => ImageSources.Open(folder.File("gzip"), "train", small with { CacheLimit = 5000 }));
        Assert.Contains("cache limit", full.Message);
        Assert.Empty(Directory.GetFiles(cache));
    }

    [Fact]
    public void Labels_and_keys_of_json()
    {
        using var folder = new TemporaryFolder();
        folder.Write("x.tar", new TarBuilder().Add("a.jpg", TarBuilder.Jpeg(1)).Add("a.json", """{"label": 7, "more": [1]}""")
            .Add("b.jpg", TarBuilder.Jpeg(2)).Add("b.json", """{"url": "none"}""").Build());
        using var source = ImageSources.Open(folder.Path);
        Assert.Equal((7, null), (source.Label(0), source.Label(1)));
    }

    [Fact]
    public void A_missing_folder_is_named() => Fails(() => ImageSources.Open("/no/such/folder"), "/no/such/folder", "does not exist");

    [Fact]
    public void A_missing_split_is_named()
    {
        using var folder = new TemporaryFolder();
        folder.Write("x-train-000.tar", new TarBuilder().Samples(2).Build());
        Fails(() => ImageSources.Open(folder.Path, "test"), "no split 'test'");
        Assert.True(ImageSources.HasSplit(folder.Path, "train"));
        Assert.False(ImageSources.HasSplit(folder.Path, "test"));
    }

    [Fact]
    public void An_empty_folder_says_what_is_looked_for()
    {
        using var folder = new TemporaryFolder();
        Fails(() => ImageSources.Open(folder.Path), "holds no image");
    }

    [Fact]
    public void An_empty_shard_is_named()
    {
        Refused([], "x.tar", "holds no image");
        Refused(new byte[1024], "x.tar", "holds no image");
    }

    [Fact]
    public void A_shard_of_labels_only_is_named() => Refused(new TarBuilder().Add("a.cls", "1").Build(), "holds no image");

    [Fact]
    public void A_label_that_is_no_number_is_named() =>
        Refused(new TarBuilder().Samples(2).Add("cat.jpg", TarBuilder.Jpeg(0)).Add("cat.cls", "cat").Build(), "'cat'", "not a number", "cat.cls");

    [Fact]
    public void A_negative_label_is_refused() =>
        Refused(new TarBuilder().Add("a.jpg", TarBuilder.Jpeg(0)).Add("a.cls", "-1").Build(), "'-1'");

    [Fact]
    public void Two_images_under_one_key_are_refused() =>
        Refused(new TarBuilder().Samples(2).Add("0001.png", TarBuilder.Jpeg(0)).Build(), "'0001'", "unique");

    [Theory]
    [InlineData("../../etc/evil.jpg")]
    [InlineData("/etc/evil.jpg")]
    [InlineData("a/../../evil.jpg")]
    [InlineData("..\\evil.jpg")]
    public void A_name_that_leads_out_of_the_folder_is_refused(string name) =>
        Refused(new TarBuilder().Samples(2).Add(name, TarBuilder.Jpeg(0)).Build(), "leads out");

    [Fact]
    public void Every_truncation_of_a_tar_is_noticed()
    {
        var tar = new TarBuilder().Samples(6).Build();
        for (var length = 512; length < tar.Length - 1024; length += 512)
            Refused(tar[..length], "cut short");
        Refused(tar[..700], "cut short");
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.7)]
    [InlineData(0.95)]
    public void A_truncated_gzip_is_noticed(double share)
    {
        using var folder = new TemporaryFolder();
        var gzip = new TarBuilder().Samples(20).BuildGzip();
        folder.Write("x.tar.gz", gzip[..(int)(gzip.Length * share)]);
        Fails(() => ImageSources.Open(folder.Path), "x.tar.gz", "copy or download it again");
    }

    [Fact]
    public void A_damaged_gzip_is_noticed()
    {
        using var folder = new TemporaryFolder();
        var gzip = new TarBuilder().Samples(20).BuildGzip();
        gzip.AsSpan(gzip.Length / 2, 50).Fill(0x55);
        folder.Write("x.tar.gz", gzip);
        Fails(() => ImageSources.Open(folder.Path), "x.tar.gz");
    }

    [Fact]
    public void A_header_that_claims_gigabytes_costs_no_memory()
    {
        foreach (var type in "xLg0")
        {
            var tar = new TarBuilder().Samples(1).Build();
            var header = tar.AsSpan(0, 512);
            "17000000000\0"u8.CopyTo(header[124..]);
            header[156] = (byte)type;
            header.Slice(148, 8).Fill((byte)' ');
            var sum = 0;
            foreach (var b in header)
                sum += b;
            System.Text.Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(header[148..]);
            var before = GC.GetAllocatedBytesForCurrentThread();
            Refused(tar, "cut short");
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 4 << 20);
        }
    }

    [Fact]
    public void A_shard_that_changes_under_a_run_is_noticed()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("x.tar", new TarBuilder().Samples(200).Build());
        using var source = ImageSources.Open(folder.Path);
        source.Read(0);
        File.WriteAllBytes(path, new TarBuilder().Samples(200, first: 1).Build());
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddSeconds(10));
        Fails(() => source.Read(150), "changed while the run");
    }

    [Fact]
    public void Workers_with_other_bytes_have_another_fingerprint()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a/x.tar", new TarBuilder().Samples(5).Build());
        folder.Write("b/x.tar", new TarBuilder().Samples(5).Build());
        var changed = new TarBuilder().Samples(5).Build();
        changed[700] ^= 1;
        folder.Write("c/x.tar", changed);
        using var a = ImageSources.Open(folder.File("a"));
        using var b = ImageSources.Open(folder.File("b"));
        using var c = ImageSources.Open(folder.File("c"));
        Assert.Equal(a.Fingerprint, b.Fingerprint);
        Assert.NotEqual(a.Fingerprint, c.Fingerprint);
    }

    private static void Refused(byte[] tar, params string[] parts)
    {
        using var folder = new TemporaryFolder();
        folder.Write("x.tar", tar);
        Fails(() => ImageSources.Open(folder.Path), parts);
    }

    private static void Fails(Action action, params string[] parts)
    {
        var error = Assert.Throws<UserErrorException>(action);
        Assert.DoesNotContain('\n', error.Message);
        foreach (var part in parts)
            Assert.Contains(part, error.Message);
    }
}
