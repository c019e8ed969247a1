using System.Text;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Grains.Tests.Storage;

namespace SslOrleans.Grains.Tests.Records;

public sealed class LedgerTests : IDisposable
{
    private const string Run = "run";
    private const string LedgerPath = $"{Run}/{Ledger.FileName}";
    private readonly TemporaryFolder _folder = new(inMemory: true);
    private readonly LocalRunStorage _storage;

    public LedgerTests() => _storage = new LocalRunStorage(_folder.Root);

    public void Dispose() => _folder.Dispose();

    internal static LedgerEntry Entry(long step, string? hash = null) => new()
    {
        Step = step,
        Epoch = step * 8 / 20,
        First = step * 8,
        Count = 8,
        Hash = hash ?? $"hash{step}",
        Loss = 1f / (step + 3),
        LearningRate = 0.1 / 3,
        Work = [new LedgerWork("one/cpu", ["0-1"]), new LedgerWork("zwei/\"cpu\"", ["2", "3"])],
        Lost = step % 3 == 1 ? [new LedgerLoss("drei", ["2-3"], "killed")] : [],
        Seconds = 0.25,
        Time = DateTimeOffset.UnixEpoch.AddSeconds(step),
    };

    private async Task<Ledger> Fill(int steps)
    {
        var ledger = await Ledger.Open(_storage, Run);
        for (var step = 0; step < steps; step++)
            await ledger.Append(Entry(step));
        return ledger;
    }

    [Fact]
    public async Task WhatIsAppendedIsRead()
    {
        var written = await Fill(7);
        var read = await Ledger.Open(_storage, Run);
        Assert.Null(read.Repair);
        Assert.Equal(7, read.Entries.Count);
        Assert.Equal(written.Chain, read.Chain);
        for (var step = 0; step < 7; step++)
        {
            var (a, b) = (Entry(step), read.Entries[step]);
            Assert.Equal((a.Step, a.Epoch, a.First, a.Count, a.Hash, a.Loss, a.LearningRate, a.Seconds, a.Time), (b.Step, b.Epoch, b.First, b.Count, b.Hash, b.Loss, b.LearningRate, b.Seconds, b.Time));
            Assert.Equal(a.Work.Select(w => (w.Worker, string.Join(',', w.Leaves))), b.Work.Select(w => (w.Worker, string.Join(',', w.Leaves))));
            Assert.Equal(a.Lost.Select(w => (w.Worker, string.Join(',', w.Leaves), w.Why)), b.Lost.Select(w => (w.Worker, string.Join(',', w.Leaves), w.Why)));
            Assert.Equal(written.Entries[step].Chain, b.Chain);
        }
    }

    [Fact]
    public async Task ALineIsPlainJsonWithTheDocumentedNames()
    {
        await Fill(1);
        var line = Encoding.UTF8.GetString((await _storage.Read(LedgerPath))!);
        Assert.StartsWith("{\"step\":0,\"epoch\":0,\"first\":0,\"count\":8,\"hash\":\"hash0\",\"loss\":0.33333334,\"learningRate\":0.03333333333333333,\"work\":[{\"worker\":\"one/cpu\",\"leaves\":[\"0-1\"]}", line, StringComparison.Ordinal);
        Assert.EndsWith("\"}\n", line, StringComparison.Ordinal);
        Assert.Contains(",\"chain\":\"", line, StringComparison.Ordinal);
        Assert.DoesNotContain("replayed", line, StringComparison.Ordinal);
    }

    /// <summary>A process killed at any moment of its last two appends.</summary>
    [Fact]
    public async Task CutAtEveryByteOfItsLastTwoRecordsItIsRepairedToTheLastWholeOneAndGoesOn()
    {
        await Fill(5);
        var whole = (await _storage.Read(LedgerPath))!;
        var ends = whole.Select((b, i) => (b, i)).Where(p => p.b == '\n').Select(p => p.i + 1).ToArray();
        for (var cut = ends[2]; cut <= whole.Length; cut++)
        {
            await _storage.Write(LedgerPath, whole.AsMemory(0, cut));
            var ledger = await Ledger.Open(_storage, Run);
            var lines = ends.Count(e => e <= cut);
            Assert.Equal(lines, ledger.Entries.Count);
            if (ends.Contains(cut))
            {
                Assert.Null(ledger.Repair);
            }
            else
            {
                Assert.Contains($"{cut - ends[lines - 1]} bytes", ledger.Repair!, StringComparison.Ordinal);
                Assert.Contains($"{lines} whole lines", ledger.Repair!, StringComparison.Ordinal);
            }

            for (var step = lines; step < 5; step++)
                await ledger.Append(Entry(step));
            Assert.Equal(whole, await _storage.Read(LedgerPath));
        }
    }

    /// <summary>A power cut can leave zeros where the file had grown and its data was not there yet.</summary>
    [Theory]
    [InlineData(0, true)]
    [InlineData(30, true)]
    [InlineData(30, false)]
    public async Task ALastRecordWithHolesIsHalfWritten(int good, bool cutLineFeed)
    {
        await Fill(4);
        var content = (await _storage.Read(LedgerPath))!;
        var last = content.AsSpan(0, content.Length - 1).LastIndexOf((byte)'\n') + 1;
        content.AsSpan(last + good, cutLineFeed ? content.Length - last - good : 40).Clear();
        await _storage.Write(LedgerPath, content);
        var ledger = await Ledger.Open(_storage, Run);
        Assert.Equal(3, ledger.Entries.Count);
        Assert.NotNull(ledger.Repair);
        Assert.Equal(last, (await _storage.Read(LedgerPath))!.Length);
    }

    [Fact]
    public async Task AnyChangedByteIsNoticedAndTheStepNamed()
    {
        await Fill(4);
        var whole = (await _storage.Read(LedgerPath))!;
        var random = new Random(3);
        var step = 0;
        for (var i = 0; i < whole.Length; i++)
        {
            if (whole[i] == '\n')
            {
                step++;
                continue;
            }

            var changed = whole.ToArray();
            changed[i] = (byte)(changed[i] ^ (1 << random.Next(7)));
            if (changed[i] is 0 or (byte)'\n')
                continue;
            await _storage.Write(LedgerPath, changed);
            var e = await Assert.ThrowsAsync<LedgerException>(() => Ledger.Open(_storage, Run));
            Assert.Equal(step, e.Step);
            Assert.Contains($"{step}", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task AMissingOrRepeatedOrExchangedLineIsNoticed()
    {
        await Fill(5);
        var lines = Encoding.UTF8.GetString((await _storage.Read(LedgerPath))!).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await Check([0, 1, 3, 4], 2);
        await Check([1, 2, 3, 4], 0);
        await Check([0, 1, 1, 2, 3, 4], 2);
        await Check([0, 2, 1, 3, 4], 1);

        async Task Check(int[] order, long step)
        {
            await _storage.Write(LedgerPath, Encoding.UTF8.GetBytes(string.Concat(order.Select(i => lines[i] + "\n"))));
            Assert.Equal(step, (await Assert.ThrowsAsync<LedgerException>(() => Ledger.Open(_storage, Run))).Step);
        }
    }

    [Fact]
    public async Task ARewrittenLineWithTheRightNumberButAnotherHistoryIsNoticed()
    {
        await Fill(3);
        var lines = Encoding.UTF8.GetString((await _storage.Read(LedgerPath))!).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        await _storage.Delete(LedgerPath);
        var other = await Ledger.Open(_storage, Run);
        await other.Append(Entry(0) with { Hash = "other" });
        var begun = Encoding.UTF8.GetString((await _storage.Read(LedgerPath))!);
        await _storage.Write(LedgerPath, Encoding.UTF8.GetBytes(begun + lines[1] + "\n" + lines[2] + "\n"));
        Assert.Equal(1, (await Assert.ThrowsAsync<LedgerException>(() => Ledger.Open(_storage, Run))).Step);
    }

    [Fact]
    public async Task AStepThatIsThereIsLeftAsItIs()
    {
        var ledger = await Fill(3);
        var before = await _storage.Read(LedgerPath);
        var standing = await ledger.Append(Entry(1) with { Seconds = 9, Time = DateTimeOffset.UtcNow });
        Assert.Equal(0.25, standing.Seconds);
        Assert.Equal(before, await _storage.Read(LedgerPath));
        var e = await Assert.ThrowsAsync<LedgerException>(() => ledger.Append(Entry(1, "another")));
        Assert.Contains("Step 1", e.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<LedgerException>(() => ledger.Append(Entry(1) with { First = 7 }));
        await Assert.ThrowsAsync<LedgerException>(() => ledger.Append(Entry(4)));
        Assert.Equal(before, await _storage.Read(LedgerPath));
    }

    [Fact]
    public async Task TheSameStepAppendedByManyAtOnceIsThereOnce()
    {
        var first = await Fill(2);
        var second = await Ledger.Open(_storage, Run);
        for (var step = 2; step < 12; step++)
        {
            await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
                Task.Run(() => (i % 2 == 0 ? first : second).Append(Entry(step) with { Time = DateTimeOffset.UnixEpoch.AddMinutes(i) }))));
        }

        Assert.Equal(12, (await Ledger.Open(_storage, Run)).Entries.Count);
        Assert.Equal(first.Chain, second.Chain);
    }

    [Fact]
    public async Task AFullDiskLosesNothingAndTheRepeatedCommitGoesThrough()
    {
        var faulty = new FaultyStorage(_storage);
        var ledger = await Ledger.Open(faulty, Run);
        await ledger.Append(Entry(0));
        faulty.Space = 100;
        for (var i = 0; i < 3; i++)
            await Assert.ThrowsAsync<StorageUnavailableException>(() => ledger.Append(Entry(1)));
        Assert.Single(ledger.Entries);
        faulty.Space = null;
        await ledger.Append(Entry(1));
        await ledger.Append(Entry(2));
        Assert.Equal(3, (await Ledger.Open(_storage, Run)).Entries.Count);
    }

    [Fact]
    public async Task AnAppendWhoseAnswerWasLostIsRecognisedEvenWithAnotherTimeInIt()
    {
        var faulty = new FaultyStorage(_storage);
        var ledger = await Ledger.Open(faulty, Run);
        await ledger.Append(Entry(0));
        faulty.LostAnswers = 1;
        await Assert.ThrowsAsync<StorageUnavailableException>(() => ledger.Append(Entry(1)));
        var standing = await ledger.Append(Entry(1) with { Time = DateTimeOffset.UtcNow, Seconds = 7 });
        Assert.Equal(0.25, standing.Seconds);
        await ledger.Append(Entry(2));
        var read = await Ledger.Open(_storage, Run);
        Assert.Equal(3, read.Entries.Count);
        Assert.Equal(ledger.Chain, read.Chain);
    }

    [Fact]
    public async Task AnotherRunOfTheSameNameIsNotMixedIn()
    {
        var mine = await Fill(2);
        var other = await Ledger.Open(_storage, Run);
        await other.Append(Entry(2, "theirs"));
        var e = await Assert.ThrowsAsync<LedgerException>(() => mine.Append(Entry(2, "mine")));
        Assert.Contains("theirs", e.Message, StringComparison.Ordinal);
        Assert.Equal("theirs", (await Ledger.Open(_storage, Run)).Entries[2].Hash);
    }

    [Fact]
    public async Task WatchersReadWithoutRepairing()
    {
        await Fill(3);
        await File.AppendAllTextAsync(_folder[LedgerPath], "{\"step\":3,");
        var length = new FileInfo(_folder[LedgerPath]).Length;
        Assert.Equal(3, (await Ledger.Read(_storage, Run)).Count);
        Assert.Equal(length, new FileInfo(_folder[LedgerPath]).Length);
        Assert.Empty(await Ledger.Read(_storage, "none"));
    }
}
