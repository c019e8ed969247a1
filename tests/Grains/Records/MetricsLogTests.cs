using SslOrleans.Contracts;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Grains.Tests.Storage;

namespace SslOrleans.Grains.Tests.Records;

public sealed class MetricsLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(inMemory: true);
    private readonly FaultyStorage _storage;

    public MetricsLogTests() => _storage = new FaultyStorage(new LocalRunStorage(_folder.Root));

    public void Dispose() => _folder.Dispose();

    private static Dictionary<string, double> Values(double loss) => new() { ["loss"] = loss, ["learningRate"] = 0.1 };

    [Fact]
    public async Task NumbersComeBackInOrderAndTheLastOfAStepCounts()
    {
        var log = new MetricsLog(_storage, "run");
        log.Add(0, "a", Values(3));
        log.Add(1, "b", Values(double.NaN));
        await log.Flush();
        log = new MetricsLog(_storage, "run");
        log.Add(1, "b", Values(2));
        log.Add(1, "b", new Dictionary<string, double> { ["knn"] = 0.4 });
        log.Add(2, "c", Values(double.PositiveInfinity));
        await log.Flush();
        var read = await MetricsLog.Read(_storage, "run");
        Assert.Equal([(0, "a", 3), (1, "b", 2), (1, "b", 0.4), (2, "c", double.PositiveInfinity)], read.Select(e => (e.Step, e.Hash, e.Values.First().Value)));
        Assert.Equal(0.1, read[0].Values["learningRate"]);
    }

    [Fact]
    public async Task WritingIsDueAfterFiftyLines()
    {
        var log = new MetricsLog(_storage, "run");
        for (var i = 0; i < 49; i++)
            log.Add(i, "", Values(i));
        log.Add(49, "", Values(49));
        Assert.True(log.IsDue);
        await log.Flush();
        Assert.False(log.IsDue);
        Assert.Equal(50, (await MetricsLog.Read(_storage, "run")).Count);
    }

    [Fact]
    public async Task AFullDiskKeepsThemWaiting()
    {
        var log = new MetricsLog(_storage, "run");
        log.Add(0, "a", Values(3));
        await log.Flush();
        _storage.Space = 10;
        log.Add(1, "b", Values(2));
        await Assert.ThrowsAsync<StorageUnavailableException>(log.Flush);
        Assert.True(log.IsDue);
        log.Add(2, "c", Values(1));
        await Assert.ThrowsAsync<StorageUnavailableException>(log.Flush);
        _storage.Space = null;
        _storage.LostAnswers = 1;
        await Assert.ThrowsAsync<StorageUnavailableException>(log.Flush);
        await log.Flush();
        Assert.Equal([3.0, 2.0, 1.0], (await MetricsLog.Read(_storage, "run")).Select(e => e.Values["loss"]));
    }

    [Fact]
    public async Task AHalfWrittenLineIsTakenOff()
    {
        var log = new MetricsLog(_storage, "run");
        log.Add(0, "a", Values(3));
        await log.Flush();
        await File.AppendAllTextAsync(_folder["run/metrics.jsonl"], "{\"step\":1,");
        log = new MetricsLog(_storage, "run");
        log.Add(1, "b", Values(2));
        await log.Flush();
        Assert.Equal(2, (await MetricsLog.Read(_storage, "run")).Count);
    }

    [Fact]
    public async Task ALineThatIsNoRecordIsNamed()
    {
        await _storage.Write("run/metrics.jsonl", "{\"step\":0,\"hash\":\"\",\"values\":{}}\nnonsense\n"u8.ToArray());
        Assert.Contains("Line 2", (await Assert.ThrowsAsync<UserErrorException>(() => MetricsLog.Read(_storage, "run"))).Message, StringComparison.Ordinal);
        Assert.Empty(await MetricsLog.Read(_storage, "none"));
    }
}
