using SslOrleans.Contracts;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Grains.Tests.Storage;

public sealed class LocalRunStorageTests : StorageContract, IDisposable
{
    private const int NoSpace = 28;
    private readonly TemporaryFolder _folder = new();
    private readonly FailingStorage _storage;

    public LocalRunStorageTests() => _storage = new FailingStorage(_folder["root/deep"]);

    protected override IRunStorage Storage => _storage;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AFullDiskLeavesTheOldContentAndNoPiecesBehind()
    {
        await Storage.Write("run/file", Bytes("old content"));
        _storage.BytesLeft = 4;
        var e = await Assert.ThrowsAsync<StorageUnavailableException>(() => Storage.Write("run/file", Bytes("new content")));
        Assert.True(e.IsTransient);
        Assert.Contains("disk is full", e.Message, StringComparison.Ordinal);
        Assert.Contains("run/file", e.Message, StringComparison.Ordinal);
        Assert.Equal(Bytes("old content"), await Storage.Read("run/file"));
        Assert.Single(Directory.GetFiles(_folder.Root, "*", SearchOption.AllDirectories));
        _storage.BytesLeft = null;
        await Storage.Write("run/file", Bytes("new content"));
        Assert.Equal(Bytes("new content"), await Storage.Read("run/file"));
    }

    [Fact]
    public async Task AnAppendThatFailsHalfWayIsUndone()
    {
        await Storage.Append("run/log", Bytes("first\n"), 0);
        for (var left = 0; left < 7; left++)
        {
            _storage.BytesLeft = left;
            Assert.True((await Assert.ThrowsAsync<StorageUnavailableException>(() => Storage.Append("run/log", Bytes("second\n"), 6))).IsTransient);
            Assert.Equal(Bytes("first\n"), await Storage.Read("run/log"));
        }

        _storage.BytesLeft = null;
        Assert.Equal(13, await Storage.Append("run/log", Bytes("second\n"), 6));
    }

    [Fact]
    public async Task APieceThatCouldNotBeUndoneIsFinishedByTheRepeatedAppend()
    {
        await Storage.Append("run/log", Bytes("first\n"), 0);
        await File.AppendAllTextAsync(_folder["root/deep/run/log"], "sec");
        await Assert.ThrowsAsync<StorageConflictException>(() => Storage.Append("run/log", Bytes("other\n"), 6));
        Assert.Equal(13, await Storage.Append("run/log", Bytes("second\n"), 6));
        Assert.Equal(Bytes("first\nsecond\n"), await Storage.Read("run/log"));
    }

    [Fact]
    public async Task TwoStoragesOnOneFolderAgree()
    {
        var other = new LocalRunStorage(_folder["root/deep"]);
        var length = 0L;
        for (var i = 0; i < 50; i++)
        {
            var record = Bytes($"record {i}\n");
            var lengths = await Task.WhenAll(Storage.Append("run/log", record, length), other.Append("run/log", record, length));
            Assert.Equal(lengths[0], lengths[1]);
            length = lengths[0];
            Assert.Equal(length, (await other.Read("run/log"))!.Length);
        }
    }

    [Fact]
    public async Task ALinkBelowTheRootIsRefused()
    {
        var outside = Directory.CreateDirectory(_folder["outside"]).FullName;
        await File.WriteAllTextAsync(Path.Combine(outside, "file"), "x");
        await Storage.Write("run/file", Bytes("x"));
        Directory.CreateSymbolicLink(_folder["root/deep/link"], outside);
        await Assert.ThrowsAsync<UserErrorException>(() => Storage.Read("link/file"));
        await Assert.ThrowsAsync<UserErrorException>(() => Storage.Write("link/other", Bytes("x")));
        await Assert.ThrowsAsync<UserErrorException>(() => Storage.Delete("link/"));
        Assert.Equal(["run/file"], await Storage.List(""));
        Assert.True(File.Exists(Path.Combine(outside, "file")));
    }

    [Fact]
    public async Task AFolderWhereAFileShouldBeIsNamed()
    {
        await Storage.Write("run/file/inner", Bytes("x"));
        var e = await Assert.ThrowsAsync<StorageUnavailableException>(() => Storage.Write("run/file", Bytes("x")));
        Assert.Contains("run/file", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACancelledCallDoesNothing()
    {
        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Storage.Write("run/file", Bytes("x"), source.Token));
        Assert.Null(await Storage.Read("run/file"));
    }

    /// <summary>A disk that takes so many bytes more, and then says that it is full.</summary>
    private sealed class FailingStorage(string root) : LocalRunStorage(root)
    {
        public int? BytesLeft { get; set; }

        protected override void Put(FileStream stream, ReadOnlySpan<byte> bytes)
        {
            if (BytesLeft is not { } left || left >= bytes.Length)
            {
                base.Put(stream, bytes);
                return;
            }

            base.Put(stream, bytes[..left]);
            throw new IOException("No space left on device", NoSpace);
        }
    }
}
