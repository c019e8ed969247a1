using SslOrleans.Contracts.Grains;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Runs;

namespace SslOrleans.Tests.Grains.Runs;

/// <summary>From where a run goes on after a loss.</summary>
public class RunStandTests
{
    private static readonly string[] s_hashes = [.. Enumerable.Range(0, 4).Select(i => new string((char)('a' + i), 32))];

    /// <summary>Versions 1 to 3 are recorded; two slices have the hashes that make them up.</summary>
    private static readonly LedgerEntry[] s_ledger = [.. Enumerable.Range(0, 3).Select(i => new LedgerEntry { Step = i, Hash = Weights(i + 1) })];

    [Fact]
    public void Everything_at_a_version_that_the_ledger_knows_goes_on_there()
    {
        Assert.Equal(new GoOn(3), Decide([At(3), At(3)], [3, 3]));
        Assert.Equal(new GoOn(2), Decide([At(2), At(2)], [2]));
    }

    [Fact]
    public void Other_weights_than_the_ledgers_are_for_a_checkpoint()
        => Assert.Equal(GoOn.FromCheckpoint, Decide([At(3), At(3) with { Hash = s_hashes[0] }], [3]));

    [Fact]
    public void A_step_that_every_slice_has_the_sum_of_is_concluded()
    {
        var intent = Intent(3);
        Assert.Equal(new GoOn(3, intent), Decide([At(4) with { Intent = intent }, At(4)], [4, 4]));
        Assert.Equal(new GoOn(3, intent), Decide([At(4) with { Intent = intent }, At(3, prepared: 3)], [3, 4]));
        Assert.Equal(new GoOn(3, intent), Decide([At(3, prepared: 3) with { Intent = intent }, At(4)], [3]));
    }

    [Fact]
    public void A_step_whose_sum_a_slice_lost_is_not_concluded()
        => Assert.Equal(GoOn.FromCheckpoint, Decide([At(4) with { Intent = Intent(3) }, At(3)], [3]));

    [Fact]
    public void The_intent_of_a_step_that_is_over_concludes_nothing()
        => Assert.Equal(GoOn.FromCheckpoint, Decide([At(3) with { Hash = s_hashes[0], Intent = Intent(2) }, At(3)], [3]));

    [Fact]
    public void What_is_lost_or_apart_is_for_a_checkpoint()
    {
        Assert.Equal(GoOn.FromCheckpoint, Decide([SliceStand.Nothing, At(3)], [3]));
        Assert.Equal(GoOn.FromCheckpoint, Decide([At(3), At(3)], [-1]));
        Assert.Equal(GoOn.FromCheckpoint, Decide([At(3), At(1)], [3]));
        Assert.Equal(GoOn.FromCheckpoint, Decide([At(0), At(0)], [0]));
    }

    private static GoOn Decide(SliceStand[] slices, long[] others) => new RunStand(slices, others, slices.Length).Decide(s_ledger);

    private static SliceStand At(long version, long prepared = -1) => new(version, version < 4 ? s_hashes[version] : s_hashes[0], null, prepared, null);

    private static StepIntent Intent(long step) => new(new StepSchedule(step, 0, 0, 0, 0, 0), 1, [], "{}");

    private static string Weights(long version) => SliceSet.Combine([s_hashes[version], s_hashes[version]]);
}
