using System.Collections.Concurrent;
using System.Globalization;

namespace SslOrleans.Silo.Membership;

/// <summary>What the kernel says about a silo's process.</summary>
internal enum ProcessState
{
    /// <summary>It is there, perhaps stopped.</summary>
    Alive,

    /// <summary>It has ended, or its machine was started anew since.</summary>
    Gone,

    /// <summary>This kernel, or this namespace, cannot see it.</summary>
    Elsewhere,
}

/// <summary>The process of a silo, told apart from a later one with the same number.</summary>
/// <param name="Id">Its number, in its own namespace.</param>
/// <param name="Started">Ticks of the kernel's clock from the machine's start to the process's.</param>
/// <param name="Boot">Of the machine since its last start.</param>
/// <param name="Processes">Namespace in which the number means something.</param>
/// <param name="Network">Namespace in which loopback addresses are the same.</param>
/// <param name="Host">Name of the machine.</param>
/// <param name="Life">Of the silo within the process: a process may run one after the other.</param>
internal sealed record SiloProcess(int Id, long Started, string Boot, string Processes, string Network, string Host, string Life)
{
    private static readonly ConcurrentDictionary<string, bool> s_lives = new();
    private static readonly SiloProcess s_self = new(Environment.ProcessId, StartOf(Environment.ProcessId) ?? 0, ReadBoot(), Namespace("pid"), Namespace("net"), Environment.MachineName, "");

    /// <summary>A silo of this process that lives until <see cref="End"/>.</summary>
    public static SiloProcess Begin()
    {
        var begun = s_self with { Life = Guid.NewGuid().ToString("N") };
        s_lives[begun.Life] = true;
        return begun;
    }

    public void End() => s_lives.TryRemove(Life, out _);

    /// <summary>A loopback address of it leads to it from here.</summary>
    public bool IsOnThisMachine => Boot == s_self.Boot && Network == s_self.Network;

    public ProcessState Look()
    {
        if (Boot != s_self.Boot)
            return Host == s_self.Host ? ProcessState.Gone : ProcessState.Elsewhere;
        if (Processes != s_self.Processes)
            return ProcessState.Elsewhere;
        if (Id == s_self.Id && Started == s_self.Started)
            return s_lives.ContainsKey(Life) ? ProcessState.Alive : ProcessState.Gone;
        return StartOf(Id) == Started ? ProcessState.Alive : ProcessState.Gone;
    }

    /// <summary>When the process started; null when there is none, or one that has ended and that nobody has asked about yet.</summary>
    private static long? StartOf(int id)
    {
        try
        {
            var line = File.ReadAllText($"/proc/{id.ToString(CultureInfo.InvariantCulture)}/stat");

            // The name stands in brackets and may have brackets and spaces of its own; the state is what follows it.
            var fields = line[(line.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : long.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string ReadBoot() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    private static string Namespace(string kind) => new FileInfo($"/proc/self/ns/{kind}").LinkTarget ?? "";
}
