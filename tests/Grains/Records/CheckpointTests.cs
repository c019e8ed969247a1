using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Grains.Tests.Storage;

namespace SslOrleans.Grains.Tests.Records;

public sealed class CheckpointTests : IDisposable
{
    private const string Run = "run";
    private readonly TemporaryFolder _folder = new(inMemory: true);
    private readonly LocalRunStorage _storage;
    private readonly CheckpointStore _store;

    public CheckpointTests()
    {
        _storage = new LocalRunStorage(_folder.Root);
        _store = new CheckpointStore(_storage, Run);
    }

    public void Dispose() => _folder.Dispose();

    internal static CheckpointContent Content(long step)
    {
        return new CheckpointContent(
            step,
            $"weights{step}",
            new Dictionary<string, CheckpointTensor> { ["backbone.conv1.weight"] = Tensor(1, 4, 3, 2), ["backbone.bn1.running_mean"] = Tensor(2, 4) },
            new Dictionary<string, CheckpointTensor> { ["momentum.backbone.conv1.weight"] = Tensor(3, 4, 3, 2) },
            new Dictionary<string, CheckpointTensor>(),
            new Dictionary<string, CheckpointTensor> { ["queue"] = Tensor(4, 8, 2) with { Counter = (1L << 40) + step }, ["centre"] = Tensor(5, 1, 2) })
        {
            RecipeHash = "recipe",
        };

        CheckpointTensor Tensor(int seed, params long[] shape)
        {
            var random = new Random((int)((step * 10) + seed));
            var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
            foreach (ref var value in values.AsSpan())
                value = BitConverter.Int32BitsToSingle(random.Next());
            values[0] = float.NaN;
            return new CheckpointTensor(shape, values);
        }
    }

    internal static void AssertSame(CheckpointContent a, CheckpointContent b)
    {
        Assert.Equal((a.Step, a.WeightsHash, a.RecipeHash), (b.Step, b.WeightsHash, b.RecipeHash));
        foreach (var (x, y) in new[] { (a.Parameters, b.Parameters), (a.Optimizer, b.Optimizer), (a.Teacher, b.Teacher), (a.Method, b.Method) })
        {
            Assert.Equal(x.Keys, y.Keys);
            foreach (var name in x.Keys)
            {
                Assert.Equal(x[name].Shape, y[name].Shape);
                Assert.Equal(x[name].Values.Select(BitConverter.SingleToInt32Bits), y[name].Values.Select(BitConverter.SingleToInt32Bits));
                Assert.Equal(x[name].Counter, y[name].Counter);
            }
        }
    }

    [Fact]
    public async Task WhatIsWrittenIsReadBitForBit()
    {
        await _store.Write(Content(7));
        AssertSame(Content(7), await _store.Read(7));
        AssertSame(Content(7) with { Optimizer = (await _store.ReadPart(7, CheckpointParts.Optimizer)) }, await _store.Read(7));
        Assert.Equal(
            [.. new[] { "manifest.json", "method.safetensors", "optimizer.safetensors", "params.safetensors", "teacher.safetensors" }.Select(f => $"run/checkpoints/7/{f}")],
            await _storage.List("run/"));
    }

    /// <summary>A process killed, or a disk full, at every possible write and in the middle of each.</summary>
    [Fact]
    public async Task ACheckpointThatWasNotFinishedIsPassedOver()
    {
        await _store.Write(Content(10));
        var sizes = (await Task.WhenAll((await _storage.List("run/")).Select(async p => (await _storage.Read(p))!.Length))).Sum();
        var cut = 0;
        for (var space = 0; space < sizes; space += 97)
        {
            var faulty = new FaultyStorage(_storage) { Space = space };
            await Assert.ThrowsAsync<StorageUnavailableException>(() => new CheckpointStore(faulty, Run).Write(Content(20)));
            var (found, skipped) = await _store.Newest();
            Assert.Equal(10, found!.Step);
            Assert.All(skipped, s => Assert.Equal("Checkpoint 20 is not complete: run/checkpoints/20/manifest.json is not there.", s));
            cut += skipped.Count;
        }

        Assert.True(cut > 3);
        await _store.Write(Content(20));
        Assert.Equal(20, (await _store.Newest()).Found!.Step);
    }

    [Theory]
    [InlineData("params.safetensors")]
    [InlineData("optimizer.safetensors")]
    [InlineData("teacher.safetensors")]
    [InlineData("method.safetensors")]
    [InlineData("manifest.json")]
    public async Task ADamagedFileIsNamedAndTheCheckpointBeforeIsUsed(string name)
    {
        await _store.Write(Content(10));
        await _store.Write(Content(20));
        var path = $"run/checkpoints/20/{name}";
        var whole = (await _storage.Read(path))!;
        for (var i = 0; i < whole.Length; i += 5)
        {
            var damaged = whole.ToArray();
            damaged[i] ^= 4;
            await Check(damaged);
        }

        await Check(whole[..^1]);
        await Check([.. whole, 0]);
        await Check([]);
        await _storage.Delete(path);
        await Check(null);
        await _storage.Write(path, whole);
        Assert.Equal(20, (await _store.Newest()).Found!.Step);

        async Task Check(byte[]? content)
        {
            if (content is not null)
                await _storage.Write(path, content);
            var (found, skipped) = await _store.Newest();
            Assert.Equal(10, found!.Step);
            Assert.Contains(path, Assert.Single(skipped), StringComparison.Ordinal);
            Assert.Contains(path, (await Assert.ThrowsAsync<CheckpointException>(() => _store.Read(20))).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task NewestKeepsToTheLedger()
    {
        foreach (var step in new[] { 0, 9, 10, 100 })
            await _store.Write(Content(step));
        Assert.Equal(100, (await _store.Newest()).Found!.Step);
        Assert.Equal(10, (await _store.Newest(99)).Found!.Step);
        Assert.Equal(9, (await _store.Newest(9)).Found!.Step);
        Assert.Equal(0, (await _store.Newest(8)).Found!.Step);
        Assert.Null((await new CheckpointStore(_storage, "none").Newest()).Found);
    }

    [Fact]
    public async Task ACheckpointOfAnotherStepInThisFolderIsNoticed()
    {
        await _store.Write(Content(10));
        foreach (var path in await _storage.List("run/checkpoints/10/"))
            await _storage.Write(path.Replace("/10/", "/11/", StringComparison.Ordinal), (await _storage.Read(path))!);
        Assert.Equal(10, (await _store.Newest()).Found!.Step);
    }

    [Fact]
    public async Task ANewerFormatIsNotRead()
    {
        await _store.Write(Content(10));
        var path = "run/checkpoints/10/manifest.json";
        var text = System.Text.Encoding.UTF8.GetString((await _storage.Read(path))!).Replace("\"format\": 1", "\"format\": 2", StringComparison.Ordinal);
        await _storage.Write(path, System.Text.Encoding.UTF8.GetBytes(text));
        Assert.Contains("format 2", (await Assert.ThrowsAsync<CheckpointException>(() => _store.Read(10))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheFirstAndTheLastOnesAreKept()
    {
        foreach (var step in new[] { 0, 9, 10, 20, 100 })
            await _store.Write(Content(step));
        await _storage.Delete("run/checkpoints/9/manifest.json");
        await _storage.Write("run/checkpoints/110/params.safetensors", new byte[] { 1 });
        await _store.Prune(2);
        Assert.Equal([0, 20, 100], await _store.Steps());
        var left = (await _storage.List("run/")).Select(p => p.Split('/')[2]).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(["0", "100", "110", "20"], left);
        await _store.Prune(2);
        Assert.Equal([0, 20, 100], await _store.Steps());
    }
}
