using SslOrleans.Client.Chaos;

namespace SslOrleans.Tests.Chaos;

/// <summary>A seed does what it always did, so that published results can be run again.</summary>
public sealed class ChaosScheduleTests
{
    [Fact]
    public void AScheduleOfOldIsWhatItWas() => Assert.Equal(
        [
            "3 0.994 Join 74 False Workers",
            "5 0.941 Kill 77 True Parameters",
            "8 0.403 Slow 9 True Parameters",
            "8 0.570 Kill 56 True Parameters",
            "15 0.070 Kill 42 False Parameters",
            "16 0.907 Hang 78 False Parameters",
            "17 0.472 Slow 24 True Parameters",
            "20 0.200 Kill 20 True Parameters",
            "21 0.538 Hang 87 False Parameters",
            "22 0.693 Kill 5 True Parameters",
            "22 0.867 Kill 45 False Parameters",
            "24 0.880 Leave 45 False Parameters",
            "26 0.898 Leave 85 False Parameters",
            "28 0.487 Join 11 True Workers",
        ],
        ChaosSchedule.Make(22, 30, 6, [ChaosTarget.Parameters]).Select(Text));

    [Fact]
    public void PartitionsComeOnTopOfWhatWouldHappenWithoutThem()
    {
        ChaosTarget[] targets = [ChaosTarget.Workers, ChaosTarget.Parameters, ChaosTarget.First];
        var without = ChaosSchedule.Make(4, 60, 9, targets);
        var with = ChaosSchedule.Make(4, 60, 9, targets, partitions: 20);
        Assert.Equal(without, with.Where(e => e.Action != ChaosAction.Partition));
        var cuts = with.Where(e => e.Action == ChaosAction.Partition).ToList();
        Assert.Equal((20, 10, 10), (cuts.Count, cuts.Count(c => c.Target == ChaosTarget.Workers), cuts.Count(c => c.Target == ChaosTarget.Parameters)));
        Assert.All(cuts, c => Assert.InRange(c.Seconds, 0.3, 9));

        // Every kind of fault, short and long: a seed draws from all of them.
        Assert.Equal(Enum.GetValues<NetworkFault>(), cuts.Select(c => c.Fault).Distinct().Order());
        Assert.Contains(cuts, c => c.Seconds < 1);
        Assert.Contains(cuts, c => c.Seconds > 6);
    }

    [Fact]
    public void TheStorageIsEndedInOrderAndNeverKilledOrCutOff()
    {
        var schedule = ChaosSchedule.Make(3, 60, 9, [ChaosTarget.Workers, ChaosTarget.Storage], partitions: 4);
        var storage = schedule.Where(e => e.Target == ChaosTarget.Storage).ToList();
        Assert.Equal([ChaosAction.Hang, ChaosAction.Leave, ChaosAction.Slow], storage.Select(e => e.Action).Distinct().Order());
        Assert.All(storage, e => Assert.InRange(e.Seconds, 1, 5));
        Assert.All(schedule.Where(e => e.Action is ChaosAction.Kill or ChaosAction.Partition), e => Assert.Equal(ChaosTarget.Workers, e.Target));
        Assert.Equal(schedule, ChaosSchedule.Make(3, 60, 9, [ChaosTarget.Workers, ChaosTarget.Storage], partitions: 4));
    }

    private static string Text(ChaosEvent e) => FormattableString.Invariant($"{e.Step} {e.Moment:0.000} {e.Action} {e.Pick % 97} {e.Revive} {e.Target}");
}
