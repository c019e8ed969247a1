using SslOrleans.Learning.Numerics;

namespace SslOrleans.Client.Chaos;

/// <summary>What happens to a worker.</summary>
public enum ChaosAction
{
    /// <summary>SIGKILL, and a new worker comes a little later.</summary>
    Kill,

    /// <summary>SIGSTOP for a while, then SIGKILL or SIGCONT.</summary>
    Hang,

    /// <summary>SIGTERM: leaves cleanly.</summary>
    Leave,

    /// <summary>One more worker.</summary>
    Join,
}

/// <summary>One planned event.</summary>
/// <param name="Step">It happens while this step is computed.</param>
/// <param name="Moment">Share of a typical step's time after the step before, 0 … 1.</param>
/// <param name="Action">What happens.</param>
/// <param name="Pick">Which of the living workers, modulo their number.</param>
/// <param name="Revive">After a hang: goes on, instead of being killed.</param>
public sealed record ChaosEvent(long Step, double Moment, ChaosAction Action, uint Pick, bool Revive);

/// <summary>A schedule that is a pure function of its seed, so that a failure can be run again.</summary>
public static class ChaosSchedule
{
    /// <summary><paramref name="kills"/> kills, and for every three of them a hang, a clean leave and a join, spread over the steps.</summary>
    public static IReadOnlyList<ChaosEvent> Make(ulong seed, long steps, int kills)
    {
        var random = new RandomStream(seed, Purpose.Chaos, 0, 0, 0);
        var events = new List<ChaosEvent>();
        Add(ChaosAction.Kill, kills);
        Add(ChaosAction.Hang, kills / 3);
        Add(ChaosAction.Leave, kills / 3);
        Add(ChaosAction.Join, kills / 3);
        return [.. events.OrderBy(e => e.Step).ThenBy(e => e.Moment)];

        void Add(ChaosAction action, int count)
        {
            for (var i = 0; i < count; i++)
                events.Add(new ChaosEvent(random.NextUInt32((uint)Math.Max(1, steps - 1)), random.NextSingle(), action, random.NextUInt32(), random.NextBool(0.5f)));
        }
    }
}
