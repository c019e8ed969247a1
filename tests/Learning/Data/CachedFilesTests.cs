using System.Collections.Concurrent;
using SslOrleans.Contracts;
using SslOrleans.Learning.Data;

namespace SslOrleans.Learning.Tests.Data;

public sealed class CachedFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _bytes = new byte[100_000];
    private readonly List<string> _told = [];

    public CachedFilesTests()
    {
        new Random(1).NextBytes(_bytes);
        _folder.Write("there/a.bin", _bytes);
        _folder.Write("there/b.bin", _bytes[..30_000]);
    }

    private CacheOptions Options => new() { Folder = _folder.File("cache"), BlockLength = 4096, MemoryBlocks = 2, Limit = 1 << 20 };

    [Fact]
    public void Any_range_is_what_lies_there()
    {
        using var files = Open(Options);
        var file = files.List()[0];
        Assert.Equal(("a.bin", 100_000L), (file.Name, file.Length));
        var random = new Random(2);
        for (var i = 0; i < 300; i++)
        {
            var offset = random.Next(100_000);
            var target = new byte[random.Next(Math.Min(20_000, 100_000 - offset) + 1)];
            files.Read(file, offset, target);
            Assert.True(_bytes.AsSpan(offset, target.Length).SequenceEqual(target));
        }
    }

    [Fact]
    public void What_was_read_once_is_read_from_the_disk_by_another_process_too()
    {
        using (var first = Open(Options))
            ReadAll(first);
        var blocks = Directory.GetFiles(_folder.File("cache"));
        Assert.Equal((100_000 / 4096) + 1 + (30_000 / 4096) + 1, blocks.Length);
        Assert.All(blocks, path => Assert.EndsWith(".block", path));
        using var second = Open(Options);
        ReadAll(second);
        Assert.Equal(0, second.FetchedBytes);
    }

    [Fact]
    public void The_limit_holds_and_what_does_not_fit_is_read_by_its_range()
    {
        using (var files = Open(Options with { Limit = 20_000, MemoryBlocks = 0 }))
        {
            ReadAll(files);
            Assert.True(Used() <= 20_000, $"{Used()}");
            var file = files.List()[0];
            var target = new byte[100];

            // The list was read anew, so room is looked for once more.
            files.Read(file, 60_000, target);
            var before = files.FetchedBytes;
            files.Read(file, 90_000, target);
            Assert.Equal(100, files.FetchedBytes - before);
        }

        // Another version of the data takes the place of this one, which nobody reads any more.
        File.WriteAllBytes(_folder.File("there/a.bin"), [.. _bytes.Reverse()]);
        using var changed = Open(Options with { Limit = 20_000, MemoryBlocks = 0 });
        var now = changed.List()[0];
        var head = new byte[4096];
        changed.Read(now, 0, head);
        Assert.Equal(_bytes.Reverse().Take(4096), head);
        Assert.True(Used() <= 20_000);
        Assert.Empty(_told);
    }

    [Fact]
    public void A_full_disk_ends_the_keeping_and_nothing_else()
    {
        var room = 10_000;
        using var files = new CachedFiles(new FolderFiles(_folder.File("there")), Options, Tell, path => new FullDisk(path, () => room, n => room -= n));
        ReadAll(files);
        ReadAll(files);
        Assert.Contains("No space left", Assert.Single(_told));
        Assert.Contains("SSLO_DATA_CACHE", _told[0]);
        Assert.Equal(2, Directory.GetFiles(_folder.File("cache"), "*.block").Length);
        Assert.Empty(Directory.GetFiles(_folder.File("cache"), "*.part"));
    }

    [Fact]
    public void A_folder_that_somebody_removes_is_done_without()
    {
        using var files = Open(Options with { Limit = 5_000 });
        files.Read(files.List()[0], 99_990, new byte[10]);
        Assert.Single(Directory.GetFiles(_folder.File("cache")));
        Directory.Delete(_folder.File("cache"), recursive: true);
        ReadAll(files);
        Assert.Single(_told);
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_done_without()
    {
        _folder.Write("file", [1]);
        using var files = Open(Options with { Folder = _folder.File("file/cache") });
        ReadAll(files);
        Assert.Single(_told);
    }

    [Fact]
    public void A_file_that_changes_is_noticed()
    {
        using var files = Open(Options);
        var file = files.List()[0];
        files.Read(file, 0, new byte[10]);
        File.WriteAllBytes(_folder.File("there/a.bin"), _bytes);
        File.SetLastWriteTimeUtc(_folder.File("there/a.bin"), DateTime.UtcNow.AddSeconds(10));
        Assert.Contains("a.bin changed while", Assert.Throws<UserErrorException>(() => files.Read(file, 90_000, new byte[10])).Message);
        File.Delete(_folder.File("there/b.bin"));
        Assert.Contains("b.bin changed while", Assert.Throws<UserErrorException>(() => files.Read(files.List()[0] with { Name = "b.bin" }, 0, new byte[10])).Message);
    }

    [Fact]
    public void Many_threads_read_at_once()
    {
        using var files = Open(Options);
        var file = files.List()[0];
        var wrong = new ConcurrentBag<int>();
        Parallel.For(0, 2000, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            var (offset, target) = (i * 7919 % 99_000, new byte[1000]);
            files.Read(file, offset, target);
            if (!_bytes.AsSpan(offset, 1000).SequenceEqual(target))
                wrong.Add(i);
        });
        Assert.Empty(wrong);
    }

    [Fact]
    public void A_damaged_block_does_not_harm_a_shard()
    {
        _folder.Write("shards/x.tar", new TarBuilder().Samples(20).Build());
        using var local = ImageSources.Open(_folder.File("shards"));
        using (var first = ImageSources.Open(new CachedFiles(new FolderFiles(_folder.File("shards")), Options, Tell)))
            Assert.Equal(local.Fingerprint, first.Fingerprint);
        foreach (var path in Directory.GetFiles(_folder.File("cache")))
            File.WriteAllBytes(path, new byte[new FileInfo(path).Length]);
        var index = ShardIndex.Make(new FolderFiles(_folder.File("shards")), new FolderFiles(_folder.File("shards")).List()[0]);
        using var second = ImageSources.Open(new CachedFiles(new FolderFiles(_folder.File("shards")), Options, Tell), "train", null, _ => index);
        for (var i = 0; i < 20; i++)
            Assert.Equal(local.ReadEncoded(i), second.ReadEncoded(i));
    }

    public void Dispose() => _folder.Dispose();

    private CachedFiles Open(CacheOptions options) => new(new FolderFiles(_folder.File("there")), options, Tell);

    private void Tell(string text)
    {
        lock (_told)
            _told.Add(text);
    }

    private long Used() => Directory.GetFiles(_folder.File("cache")).Sum(f => new FileInfo(f).Length);

    private void ReadAll(CachedFiles files)
    {
        foreach (var file in files.List())
        {
            var all = new byte[file.Length];
            for (var at = 0; at < all.Length; at += 1000)
                files.Read(file, at, all.AsMemory(at, Math.Min(1000, all.Length - at)));
            Assert.True(_bytes.AsSpan(0, all.Length).SequenceEqual(all));
        }
    }

    private sealed class FullDisk(string path, Func<int> room, Action<int> take) : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (buffer.Length > room())
                throw new IOException("No space left on device");
            take(buffer.Length);
            File.WriteAllBytes(path, buffer);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    }
}
