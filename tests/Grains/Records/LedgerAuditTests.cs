using SslOrleans.Grains.Records;

namespace SslOrleans.Grains.Tests.Records;

public sealed class LedgerAuditTests
{
    private const int SamplesPerEpoch = 20, EffectiveBatch = 8, MicroBatches = 4;

    private static List<LedgerEntry> Entries(int steps) => [.. Enumerable.Range(0, steps).Select(s => LedgerTests.Entry(s))];

    private static LedgerAudit Audit(List<LedgerEntry> entries) => Ledger.Audit(entries, SamplesPerEpoch, EffectiveBatch, MicroBatches);

    [Fact]
    public void AWholeLedgerIsExact()
    {
        var audit = Audit(Entries(6));
        Assert.True(audit.IsExact, audit.Verdict);
        Assert.Equal((6L, 48L, 0L, 0L, 4L), (audit.Steps, audit.Positions, audit.Lost, audit.Twice, audit.WastedMicroBatches));
        Assert.Equal([new EpochAudit(0, 20, 0, 0, true), new EpochAudit(1, 20, 0, 0, true), new EpochAudit(2, 8, 0, 0, false)], audit.Epochs);
        Assert.Contains("48 sample positions used once each", audit.Verdict, StringComparison.Ordinal);
    }

    [Fact]
    public void AnEmptyLedgerIsExact() => Assert.Equal((true, 0L), (Audit([]).IsExact, Audit([]).Positions));

    [Fact]
    public void AMissingStepIsALoss()
    {
        var entries = Entries(6);
        entries.RemoveAt(2);
        var audit = Audit(entries);
        Assert.Equal("step 3 stands where step 2 belongs", audit.Problem);
        Assert.Equal(8, audit.Lost);
        Assert.Equal((0L, 4L, 4L), (audit.Twice, audit.Epochs[0].Lost, audit.Epochs[1].Lost));
    }

    [Fact]
    public void ShiftedPositionsAreLostAndUsedTwice()
    {
        var entries = Entries(6);
        entries[2] = entries[2] with { First = 13 };
        var audit = Audit(entries);
        Assert.StartsWith("step 2 begins at position 13", audit.Problem, StringComparison.Ordinal);
        Assert.Equal((3L, 3L, 42L), (audit.Lost, audit.Twice, audit.Positions));
        Assert.Equal(new EpochAudit(0, 20, 0, 3, true), audit.Epochs[0]);
        Assert.Equal(new EpochAudit(1, 17, 3, 0, true), audit.Epochs[1]);
    }

    [Fact]
    public void AShortBatchIsALoss()
    {
        var entries = Entries(3);
        entries[1] = entries[1] with { Count = 6 };
        var audit = Audit(entries);
        Assert.Equal("step 1 used 6 samples, the effective batch is 8", audit.Problem);
        Assert.Equal(2, audit.Lost);
    }

    [Theory]
    [InlineData("0-1 2", "step 1 has nobody's micro-batch 3")]
    [InlineData("0-1 1-3", "step 1 has micro-batch 1 twice, from a and from a")]
    [InlineData("0-3 4", "step 1 credits a with the micro-batches \"4\" of 0-3")]
    [InlineData("0-3 3-2", "step 1 credits a with the micro-batches \"3-2\" of 0-3")]
    [InlineData("0-3 -1", "step 1 credits a with the micro-batches \"-1\" of 0-3")]
    [InlineData("x", "step 1 credits a with the micro-batches \"x\" of 0-3")]
    public void EveryMicroBatchIsCreditedOnce(string leaves, string problem)
    {
        var entries = Entries(3);
        entries[1] = entries[1] with { Work = [new LedgerWork("a", leaves.Split(' '))] };
        Assert.Equal(problem, Audit(entries).Problem);
    }

    [Fact]
    public void AWrongEpochIsNoticed()
    {
        var entries = Entries(4);
        entries[3] = entries[3] with { Epoch = 2 };
        Assert.Equal("step 3 says epoch 2, position 24 is in epoch 1", Audit(entries).Problem);
    }

    [Fact]
    public void AbsurdNumbersAreAProblemAndNothingElse()
    {
        foreach (var (first, count) in new[] { (long.MaxValue, 8), (long.MinValue, 8), (8L, int.MaxValue), (8L, int.MinValue), (8L, 0) })
        {
            var entries = Entries(3);
            entries[1] = entries[1] with { First = first, Count = count };
            Assert.False(Audit(entries).IsExact);
        }
    }

    /// <summary>Against counting one position after the other.</summary>
    [Fact]
    public void TheSweepCountsLikeCountingEveryPosition()
    {
        var random = new Random(11);
        for (var trial = 0; trial < 300; trial++)
        {
            var samples = random.Next(1, 30);
            var entries = Entries(random.Next(1, 9)).Select(e => e with { First = random.Next(0, 70), Count = random.Next(0, 12) }).ToList();
            var end = entries.Count * EffectiveBatch;
            var uses = new int[end];
            foreach (var p in entries.SelectMany(e => Enumerable.Range((int)e.First, e.Count)).Where(p => p < end))
                uses[p]++;
            var audit = Ledger.Audit(entries, samples, EffectiveBatch, MicroBatches);
            Assert.Equal((uses.Count(u => u == 1), uses.Count(u => u == 0), uses.Count(u => u > 1)), (audit.Positions, audit.Lost, audit.Twice));
            Assert.Equal(uses.Chunk(samples).Select(c => ((long)c.Count(u => u > 0), (long)c.Count(u => u == 0), (long)c.Count(u => u > 1))), audit.Epochs.Select(e => (e.Used, e.Lost, e.Twice)));
        }
    }
}
