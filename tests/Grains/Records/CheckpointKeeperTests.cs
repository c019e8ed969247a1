using System.Collections.Concurrent;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Grains.Tests.Storage;

namespace SslOrleans.Grains.Tests.Records;

public sealed class CheckpointKeeperTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(inMemory: true);
    private readonly FaultyStorage _storage;
    private readonly ConcurrentQueue<string> _told = new();
    private readonly CheckpointKeeper _keeper;

    public CheckpointKeeperTests()
    {
        _storage = new FaultyStorage(new LocalRunStorage(_folder.Root));
        _keeper = new CheckpointKeeper(_storage, "run", new CheckpointRecipe { EverySteps = 5, Keep = 2 }, _told.Enqueue) { RetryDelay = TimeSpan.FromMilliseconds(5) };
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void TheRecipeSaysWhenOneIsDue()
    {
        Assert.Equal([5L, 10L], Enumerable.Range(0, 12).Select(s => (long)s).Where(_keeper.IsDue));
        Assert.False(new CheckpointKeeper(_storage, "run", new CheckpointRecipe { EverySteps = 0 }, _told.Enqueue).IsDue(5));
    }

    [Fact]
    public async Task OneIsWrittenBesideTheTrainingAndTheLastWins()
    {
        Assert.Equal(-1, _keeper.Last);
        for (var step = 5; step <= 50; step += 5)
            await _keeper.Write(CheckpointTests.Content(step), wait: false);
        await _keeper.Settle();
        Assert.Equal(50, _keeper.Last);
        var steps = await new CheckpointStore(_storage, "run").Steps();
        Assert.Equal(5, steps[0]);
        Assert.Equal(50, steps[^1]);
        Assert.True(steps.Count <= 3, string.Join(", ", steps));
        Assert.Empty(_told);
    }

    [Fact]
    public async Task AFullDiskIsWaitedForAndSaidOnce()
    {
        _storage.Space = 300;
        var writing = _keeper.Write(CheckpointTests.Content(5), wait: true);
        for (var tries = 0; _told.IsEmpty && tries < 1000; tries++)
            await Task.Delay(10);
        await Task.Delay(50);
        Assert.False(writing.IsCompleted);
        Assert.Equal(-1, _keeper.Last);
        Assert.StartsWith("checkpoint 5 waits for the storage: no space", Assert.Single(_told), StringComparison.Ordinal);
        _storage.Space = null;
        await writing;
        Assert.Equal(5, (await _keeper.Newest(5))!.Step);
    }

    [Fact]
    public async Task WaitingCanBeEnded()
    {
        _storage.Space = 0;
        using var source = new CancellationTokenSource(50);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _keeper.Write(CheckpointTests.Content(5), wait: true, source.Token));
    }

    [Fact]
    public async Task WhatAPersonMustMendIsToldAndTheNextOneIsTried()
    {
        (_storage.Space, _storage.IsTransient) = (0, false);
        await _keeper.Write(CheckpointTests.Content(5), wait: false);
        await _keeper.Settle();
        Assert.StartsWith("checkpoint 5 was not written: no space", Assert.Single(_told), StringComparison.Ordinal);
        await Assert.ThrowsAsync<StorageUnavailableException>(() => _keeper.Write(CheckpointTests.Content(10), wait: true));
        _storage.Space = null;
        await _keeper.Write(CheckpointTests.Content(15), wait: false);
        await _keeper.Settle();
        Assert.Equal(15, _keeper.Last);
    }

    [Fact]
    public async Task ADamagedOneIsPassedOverAloud()
    {
        await _keeper.Write(CheckpointTests.Content(5), wait: true);
        await _keeper.Write(CheckpointTests.Content(10), wait: true);
        await _storage.Write("run/checkpoints/10/optimizer.safetensors", new byte[] { 1, 2, 3 });
        var found = await _keeper.Newest(10);
        Assert.Equal((5L, "weights5", 5L), (found!.Step, found.WeightsHash, _keeper.Last));
        Assert.Contains("run/checkpoints/10/optimizer.safetensors", Assert.Single(_told), StringComparison.Ordinal);
    }
}
