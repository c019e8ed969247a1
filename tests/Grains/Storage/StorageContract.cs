using System.Text;
using SslOrleans.Contracts;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Grains.Tests.Storage;

/// <summary>What every storage promises; run against each implementation.</summary>
public abstract class StorageContract
{
    protected abstract IRunStorage Storage { get; }

    protected static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    [Fact]
    public async Task WhatIsWrittenIsRead()
    {
        Assert.Null(await Storage.Read("run/recipe.jsonc"));
        await Storage.Write("run/recipe.jsonc", Bytes("one"));
        await Storage.Write("run/recipe.jsonc", Bytes("two, longer"));
        await Storage.Write("run/recipe.jsonc", Bytes("3"));
        Assert.Equal(Bytes("3"), await Storage.Read("run/recipe.jsonc"));
        await Storage.Write("run/empty", default);
        Assert.Empty((await Storage.Read("run/empty"))!);
    }

    [Fact]
    public async Task AReaderSeesTheOldOrTheNewContentNeverAPart()
    {
        var contents = Enumerable.Range(1, 2).Select(n => Enumerable.Repeat((byte)n, 100_000 * n).ToArray()).ToArray();
        await Storage.Write("run/file", contents[0]);
        using var enough = new CancellationTokenSource();
        var writes = 1;
        var writer = Task.Run(async () =>
        {
            for (; !enough.IsCancellationRequested; writes++)
                await Storage.Write("run/file", contents[writes % 2]);
        });
        for (var reads = 0; reads < 20 || writes < 10; reads++)
        {
            var read = (await Storage.Read("run/file"))!;
            Assert.Equal(contents[read[0] - 1], read);
        }

        await enough.CancelAsync();
        await writer;
    }

    [Fact]
    public async Task RecordsAreAppendedInOrder()
    {
        var length = 0L;
        for (var i = 0; i < 20; i++)
            length = await Storage.Append("run/ledger.jsonl", Bytes($"record {i}\n"), length);
        var expected = string.Concat(Enumerable.Range(0, 20).Select(i => $"record {i}\n"));
        Assert.Equal(expected.Length, length);
        Assert.Equal(expected, Encoding.UTF8.GetString((await Storage.Read("run/ledger.jsonl"))!));
    }

    [Fact]
    public async Task ARepeatedAppendChangesNothing()
    {
        await Storage.Append("run/log", Bytes("first\n"), 0);
        Assert.Equal(13, await Storage.Append("run/log", Bytes("second\n"), 6));
        Assert.Equal(13, await Storage.Append("run/log", Bytes("second\n"), 6));
        Assert.Equal(Bytes("first\nsecond\n"), await Storage.Read("run/log"));
    }

    [Fact]
    public async Task TheSameRecordAppendedByManyAtOnceIsThereOnce()
    {
        await Storage.Append("run/log", Bytes("first\n"), 0);
        var lengths = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => Storage.Append("run/log", Bytes("second\n"), 6)));
        Assert.All(lengths, l => Assert.Equal(13, l));
        Assert.Equal(Bytes("first\nsecond\n"), await Storage.Read("run/log"));
    }

    [Fact]
    public async Task OfDifferentRecordsForTheSamePlaceOneIsTakenAndTheOthersAreToldSo()
    {
        await Storage.Append("run/log", Bytes("first\n"), 0);
        var taken = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            try
            {
                await Storage.Append("run/log", Bytes($"from {i}\n"), 6);
                Interlocked.Increment(ref taken);
            }
            catch (StorageConflictException)
            {
            }
        }));
        Assert.Equal(1, taken);
        Assert.Equal(6 + 7, (await Storage.Read("run/log"))!.Length);
    }

    [Fact]
    public async Task AnAppendAtAnotherPlaceThanTheEndIsAConflict()
    {
        await Storage.Append("run/log", Bytes("first\n"), 0);
        await Assert.ThrowsAsync<StorageConflictException>(() => Storage.Append("run/log", Bytes("second\n"), 5));
        await Assert.ThrowsAsync<StorageConflictException>(() => Storage.Append("run/log", Bytes("second\n"), 7));
        await Assert.ThrowsAsync<StorageConflictException>(() => Storage.Append("run/log", Bytes("sec"), 0));
        await Assert.ThrowsAsync<StorageConflictException>(() => Storage.Append("run/other", Bytes("second\n"), 7));
        Assert.Equal(Bytes("first\n"), await Storage.Read("run/log"));
    }

    [Fact]
    public async Task TruncateCutsAndAppendsGoOnFromThere()
    {
        await Storage.Append("run/log", Bytes("first\nsec"), 0);
        await Storage.Truncate("run/log", 6);
        Assert.Equal(Bytes("first\n"), await Storage.Read("run/log"));
        Assert.Equal(13, await Storage.Append("run/log", Bytes("SECOND\n"), 6));
        Assert.Equal(Bytes("first\nSECOND\n"), await Storage.Read("run/log"));
        await Storage.Truncate("run/log", 0);
        Assert.Equal(1, await Storage.Append("run/log", Bytes("x"), 0));
        await Assert.ThrowsAsync<StorageConflictException>(() => Storage.Truncate("run/log", 2));
    }

    [Fact]
    public async Task ListsInOrderByPrefix()
    {
        foreach (var path in new[] { "b/2", "a/checkpoints/10/manifest.json", "a/checkpoints/9/manifest.json", "a/recipe.jsonc", "ab/x" })
            await Storage.Write(path, Bytes(path));
        await Storage.Append("a/ledger.jsonl", Bytes("x"), 0);
        Assert.Equal(["a/checkpoints/10/manifest.json", "a/checkpoints/9/manifest.json", "a/ledger.jsonl", "a/recipe.jsonc"], await Storage.List("a/"));
        Assert.Equal(["a/checkpoints/10/manifest.json", "a/checkpoints/9/manifest.json", "a/ledger.jsonl", "a/recipe.jsonc", "ab/x"], await Storage.List("a"));
        Assert.Equal(["a/checkpoints/10/manifest.json"], await Storage.List("a/checkpoints/1"));
        Assert.Equal(6, (await Storage.List("")).Count);
        Assert.Empty(await Storage.List("none/"));
    }

    [Fact]
    public async Task DeletesByPrefix()
    {
        foreach (var path in new[] { "a/1/x", "a/1/y", "a/10/x", "b" })
            await Storage.Write(path, Bytes(path));
        await Storage.Append("a/1/ledger", Bytes("x"), 0);
        await Storage.Delete("a/1/");
        Assert.Equal(["a/10/x", "b"], await Storage.List(""));
        await Storage.Delete("a/1");
        Assert.Equal(["b"], await Storage.List(""));
        await Storage.Delete("none/");
        await Assert.ThrowsAnyAsync<ArgumentException>(() => Storage.Delete(""));
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("run/../../outside")]
    [InlineData("/etc/passwd")]
    [InlineData("run//file")]
    [InlineData("run/./file")]
    [InlineData("run\\..\\file")]
    [InlineData("C:/file")]
    [InlineData("run/")]
    [InlineData("")]
    [InlineData("run/a\0b")]
    public async Task NoPathLeavesTheRoot(string path)
    {
        await Assert.ThrowsAsync<UserErrorException>(() => Storage.Read(path));
        await Assert.ThrowsAsync<UserErrorException>(() => Storage.Write(path, Bytes("x")));
        await Assert.ThrowsAsync<UserErrorException>(() => Storage.Append(path, Bytes("x"), 0));
        await Assert.ThrowsAsync<UserErrorException>(() => Storage.Truncate(path, 0));
        if (path is "run/" or "")
            return;
        await Assert.ThrowsAsync<UserErrorException>(() => Storage.Delete(path));
        await Assert.ThrowsAsync<UserErrorException>(() => Storage.List(path));
    }

    [Fact]
    public async Task LargeContentsComeBackWhole()
    {
        var content = new byte[9_000_003];
        new Random(5).NextBytes(content);
        await Storage.Write("run/checkpoints/1/params.safetensors", content);
        var read = await Storage.Read("run/checkpoints/1/params.safetensors");
        Assert.True(content.AsSpan().SequenceEqual(read));
    }
}
