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
}

/// <summary>Whom it happens to.</summary>
public enum ChaosTarget
{
    /// <summary>A process that computes.</summary>
    Workers,

    /// <summary>A silo that holds slices, method state or the run, and is not the primary.</summary>
    Parameters,

    /// <summary>The primary, with which every process of a cluster on one machine ends; the run is resumed at once.</summary>
    Primary,
}

/// <summary>One planned event.</summary>
/// <param name="Step">It happens while this step is computed.</param>
/// <param name="Moment">Share of a typical step's time after the step before, 0 … 1.</param>
/// <param name="Action">What happens.</param>
/// <param name="Pick">Which of the living ones, modulo their number.</param>
/// <param name="Revive">After a hang: goes on, instead of being killed.</param>
/// <param name="Target">Whom it happens to.</param>
public sealed record ChaosEvent(long Step, double Moment, ChaosAction Action, uint Pick, bool Revive, ChaosTarget Target = ChaosTarget.Workers);

/// <summary>A schedule that is a pure function of its seed, so that a failure can be run again.</summary>
public static class ChaosSchedule
{
    /// <summary>
    /// <paramref name="kills"/> kills, and for every three of them a hang, a clean leave, a join and a slow process, spread over the steps
    /// and, one kind after the other, over the targets. The primary is only killed.
    /// </summary>
    public static IReadOnlyList<ChaosEvent> Make(ulong seed, long steps, int kills, IReadOnlyList<ChaosTarget>? targets = null)
    {
        var all = targets ?? [ChaosTarget.Workers];
        var patient = all.Where(t => t != ChaosTarget.Primary).DefaultIfEmpty(ChaosTarget.Workers).ToList();
        var random = new RandomStream(seed, Purpose.Chaos, 0, 0, 0);
        var events = new List<ChaosEvent>();
        Add(ChaosAction.Kill, kills, all);
        Add(ChaosAction.Hang, kills / 3, patient);
        Add(ChaosAction.Leave, kills / 3, patient);
        Add(ChaosAction.Join, kills / 3, [ChaosTarget.Workers]);
        Add(ChaosAction.Slow, kills / 3, patient);
        return [.. events.OrderBy(e => e.Step).ThenBy(e => e.Moment)];

        void Add(ChaosAction action, int count, IReadOnlyList<ChaosTarget> among)
        {
            for (var i = 0; i < count; i++)
                events.Add(new ChaosEvent(random.NextUInt32((uint)Math.Max(1, steps - 1)), random.NextSingle(), action, random.NextUInt32(), random.NextBool(0.5f), among[i % among.Count]));
        }
    }
}
