namespace SslOrleans.Client.Bench;

/// <summary>
/// The rate of processes that run side by side: counted only while all of them compute, because one that runs alone, before the
/// others have begun or after they have ended, has the machine to itself.
/// </summary>
public static class CommonInterval
{
    /// <summary>The steps of one process.</summary>
    /// <param name="Images">Images of a step.</param>
    /// <param name="Clock">Seconds at which the first step began and at which each step ended, on the machine's clock.</param>
    public sealed record Steps(int Images, IReadOnlyList<double> Clock);

    /// <summary>Images per second of all together, over the time in which every one of them computed.</summary>
    /// <exception cref="InvalidOperationException">There is no such time.</exception>
    public static double ImagesPerSecond(IReadOnlyList<Steps> processes)
    {
        var (from, to) = (processes.Max(p => p.Clock[0]), processes.Min(p => p.Clock[^1]));
        return to > from
            ? processes.Sum(p => p.Images * Passed(p.Clock, from, to)) / (to - from)
            : throw new InvalidOperationException("The processes did not compute at the same time; measure more --steps.");
    }

    /// <summary>Steps between two times; one that lies across a border counts by its share.</summary>
    private static double Passed(IReadOnlyList<double> clock, double from, double to)
        => clock.Zip(clock.Skip(1), (begin, end) => Math.Max(0, Math.Min(end, to) - Math.Max(begin, from)) / (end - begin)).Sum();
}
