using SslOrleans.Learning.Numerics;

namespace SslOrleans.Client.Chaos;

/// <summary>What happens to a process.</summary>
public enum ChaosAction
{
    /// <summary>SIGKILL, and a new one comes a little later.</summary>
    Kill,

    /// <summary>SIGSTOP for a while, then SIGKILL or SIGCONT.</summary>
    Hang,

    /// <summary>SIGTERM: leaves cleanly.</summary>
    Leave,

    /// <summary>One more.</summary>
    Join,

    /// <summary>Stopped and let go many times in a row, as on a machine that does something else.</summary>
    Slow,

    /// <summary>The network of its host fails for a while (<see cref="NetworkFault"/>); both sides live on.</summary>
    Partition,
}

/// <summary>Whom it happens to.</summary>
public enum ChaosTarget
{
    /// <summary>A process that computes.</summary>
    Workers,

    /// <summary>A silo that holds slices, method state or the run, and is not the one in which the run began.</summary>
    Parameters,

    /// <summary>The silo in which the run began, or the one that took its place.</summary>
    First,

    /// <summary>The server that keeps the run's blobs.</summary>
    Storage,
}

/// <summary>One planned event.</summary>
/// <param name="Step">It happens while this step is computed.</param>
/// <param name="Moment">Share of a typical step's time after the step before, 0 … 1.</param>
/// <param name="Action">What happens.</param>
/// <param name="Pick">Which of the living ones, modulo their number.</param>
/// <param name="Revive">After a hang: goes on, instead of being killed.</param>
/// <param name="Target">Whom it happens to.</param>
/// <param name="Seconds">How long, for a partition and for a storage that is away.</param>
/// <param name="Fault">How the network fails, for a partition.</param>
public sealed record ChaosEvent(
    long Step, double Moment, ChaosAction Action, uint Pick, bool Revive, ChaosTarget Target = ChaosTarget.Workers, double Seconds = 0, NetworkFault Fault = NetworkFault.Cut);

/// <summary>A schedule that is a pure function of its seed, so that a failure can be run again.</summary>
public static class ChaosSchedule
{
    /// <summary>Seconds. Half of the cuts, drawn by their logarithms, are shorter than 1.6 s; the longest outlast the patience with a process that lives but says nothing.</summary>
    private const double ShortestCut = 0.3;

    private const double LongestCut = 9;

    /// <summary>
    /// <paramref name="kills"/> kills, and for every three of them a hang, a clean leave, a join and a slow process, spread over the steps
    /// and, one kind after the other, over the targets. The first silo is only killed; the storage is ended in order in the place of a kill,
    /// and comes back. Then partitions of workers and parameter silos, which leave everything else where it is without them.
    /// </summary>
    /// <param name="seed">Of all draws.</param>
    /// <param name="steps">Of the run.</param>
    /// <param name="kills">How many.</param>
    /// <param name="targets">To whom; workers by default.</param>
    /// <param name="partitions">How many.</param>
    /// <param name="faults">Kinds of partition to draw from; all by default.</param>
    /// <param name="seconds">Of each partition; 0: drawn.</param>
    public static IReadOnlyList<ChaosEvent> Make(
        ulong seed, long steps, int kills, IReadOnlyList<ChaosTarget>? targets = null, int partitions = 0, IReadOnlyList<NetworkFault>? faults = null, double seconds = 0)
    {
        var kinds = faults is { Count: > 0 } ? faults : Enum.GetValues<NetworkFault>();
        var all = targets ?? [ChaosTarget.Workers];
        var patient = all.Where(t => t != ChaosTarget.First).DefaultIfEmpty(ChaosTarget.Workers).ToList();
        var onNetwork = patient.Where(t => t != ChaosTarget.Storage).DefaultIfEmpty(ChaosTarget.Workers).ToList();
        var random = new RandomStream(seed, Purpose.Chaos, 0, 0, 0);
        var events = new List<ChaosEvent>();
        Add(ChaosAction.Kill, kills, all);
        Add(ChaosAction.Hang, kills / 3, patient);
        Add(ChaosAction.Leave, kills / 3, patient);
        Add(ChaosAction.Join, kills / 3, [ChaosTarget.Workers]);
        Add(ChaosAction.Slow, kills / 3, patient);
        Add(ChaosAction.Partition, partitions, onNetwork);
        return [.. events.OrderBy(e => e.Step).ThenBy(e => e.Moment)];

        void Add(ChaosAction action, int count, IReadOnlyList<ChaosTarget> among)
        {
            for (var i = 0; i < count; i++)
                events.Add(Drawn(action, among[i % among.Count]));
        }

        // What only some events need is drawn last, and for them only: schedules without them stay what they were.
        ChaosEvent Drawn(ChaosAction action, ChaosTarget target)
        {
            var drawn = new ChaosEvent(random.NextUInt32((uint)Math.Max(1, steps - 1)), random.NextSingle(), action, random.NextUInt32(), random.NextBool(0.5f), target);
            if (target == ChaosTarget.Storage)
                return drawn with { Action = action == ChaosAction.Kill ? ChaosAction.Leave : action, Seconds = random.NextSingle(1, 5) };
            return action == ChaosAction.Partition
                ? Partition(drawn)
                : drawn;
        }

        ChaosEvent Partition(ChaosEvent drawn)
        {
            var length = ShortestCut * Math.Pow(LongestCut / ShortestCut, random.NextSingle());
            return drawn with { Seconds = seconds > 0 ? seconds : length, Fault = kinds[(int)random.NextUInt32((uint)kinds.Count)] };
        }
    }
}
