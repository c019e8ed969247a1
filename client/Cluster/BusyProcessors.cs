using System.Globalization;

namespace SslOrleans.Client.Cluster;

/// <summary>What the kernel counts (proc(5)): how much of this machine others use, between two looks.</summary>
/// <param name="folder">Where the kernel tells.</param>
public sealed class BusyProcessors(string folder = "/proc")
{
    private Dictionary<int, long> _ours = [];
    private (long Busy, long All) _machine;

    /// <summary>
    /// Processors that were busy with anything but the given processes since the last call, 0 to all of the machine's; what a process used
    /// before it was first looked at counts for nobody. Null at the first call, and when the clock of ticks has not moved.
    /// </summary>
    /// <param name="ours">Processes whose use is our own; one that has ended is left out.</param>
    public double? ByOthers(IEnumerable<int> ours)
    {
        var (busy, all, processors) = Machine(File.ReadLines(Path.Combine(folder, "stat")));
        var now = ours.Select(process => (process, Ticks: Ticks(process))).Where(p => p.Ticks is not null).ToDictionary(p => p.process, p => p.Ticks!.Value);
        var used = now.Sum(p => _ours.TryGetValue(p.Key, out var before) ? p.Value - before : 0);
        var (since, passed) = (busy - _machine.Busy, all - _machine.All);
        var isFirst = _machine.All == 0;
        (_ours, _machine) = (now, (busy, all));
        return isFirst || passed <= 0 ? null : Math.Max(0, since - used) * (double)processors / passed;
    }

    /// <summary>Ticks of all processors since the machine began: busy, all; and how many processors there are.</summary>
    internal static (long Busy, long All, int Processors) Machine(IEnumerable<string> stat)
    {
        var lines = stat.TakeWhile(l => l.StartsWith("cpu", StringComparison.Ordinal)).ToList();

        // user, nice, system, idle, iowait, irq, softirq, steal; guests are part of user.
        var ticks = lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(t => long.Parse(t, CultureInfo.InvariantCulture)).ToArray();
        var all = ticks.Sum();
        return (all - ticks[3] - ticks[4], all, lines.Count - 1);
    }

    /// <summary>Ticks of user and kernel that a process has used; null when it is gone.</summary>
    private long? Ticks(int process)
    {
        try
        {
            // The name, in parentheses, may hold anything.
            var text = File.ReadAllText(Path.Combine(folder, process.ToString(CultureInfo.InvariantCulture), "stat"));
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return null;
        }
    }
}
