using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using SslOrleans.Contracts;

namespace SslOrleans.Client.Chaos;

/// <summary>How the network of a host fails.</summary>
public enum NetworkFault
{
    /// <summary>The link is down: nothing gets through in either direction.</summary>
    Cut,

    /// <summary>What the host sends is lost; what is sent to it arrives.</summary>
    Mute,

    /// <summary>What is sent to the host is lost; what it sends arrives.</summary>
    Deaf,

    /// <summary>One packet of ten is lost, in both directions.</summary>
    Lossy,

    /// <summary>20 Mbit/s.</summary>
    Narrow,

    /// <summary>Every packet is 100 ms late, in both directions.</summary>
    Late,

    /// <summary>Every packet is 1 to 20 ms late, so that they overtake each other, in both directions.</summary>
    Disordered,
}

/// <summary>
/// Hosts of this machine: network namespaces with addresses of their own, on a bridge in one more namespace. Nothing of the machine's own
/// network is touched, and nothing leaves it. Takes root.
/// </summary>
public sealed class HostNetwork : IDisposable
{
    private const string Variable = "SSLO_CHAOS_HOSTS";

    private readonly string _id;
    private readonly bool _owned;
    private readonly ConcurrentDictionary<int, LateWire> _wires = [];

    private HostNetwork(string id, int hosts, bool owned) => (_id, Hosts, _owned) = (id, hosts, owned);

    /// <summary>How many; this process is on host 0.</summary>
    public int Hosts { get; }

    /// <summary>The network on whose first host this process was started; null: none.</summary>
    public static HostNetwork? OfThisProcess()
        => Environment.GetEnvironmentVariable(Variable)?.Split(':') is [var id, var hosts] ? new HostNetwork(id, int.Parse(hosts, System.Globalization.CultureInfo.InvariantCulture), owned: false) : null;

    /// <summary>Why hosts cannot be made here; null when they can.</summary>
    public static string? Obstacle()
    {
        if (Environment.UserName != "root")
            return "it makes network namespaces, which takes root; run it as root";
        return new[] { "ip", "nft", "tc" }.FirstOrDefault(tool => !Shell.IsThere(tool)) is { } missing
            ? $"{missing} is missing; apt-get install -y --no-install-recommends iproute2 nftables"
            : null;
    }

    /// <summary>Makes the hosts.</summary>
    /// <exception cref="UserErrorException">This machine does not let it.</exception>
    public static HostNetwork Create(int hosts)
    {
        if (Obstacle() is { } obstacle)
            throw new UserErrorException($"--hosts {hosts}: {obstacle}.");
        var network = new HostNetwork($"sslo{Environment.ProcessId % 100_000}", hosts, owned: true);
        try
        {
            Shell.Run("ip", "netns", "add", network.Bridge);
            Shell.Run("ip", "-n", network.Bridge, "link", "add", "bridge0", "type", "bridge");
            Shell.Run("ip", "-n", network.Bridge, "link", "set", "bridge0", "up");
            Shell.Run("ip", "netns", "exec", network.Bridge, "nft", "add table bridge faults; add chain bridge faults forward { type filter hook forward priority 0; }");
            for (var host = 0; host < hosts; host++)
                network.Add(host);
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>Where the cluster's first silo is: on host 0, on a port that nobody else there has.</summary>
    public static IPEndPoint First { get; } = new(Address(0), 11111);

    /// <summary>Address of a host, in a range that only these namespaces use.</summary>
    public static IPAddress Address(int host) => new([10, 99, 0, (byte)(host + 1)]);

    /// <summary>What comes before a command to run it on a host; the process keeps its id.</summary>
    public IReadOnlyList<string> On(int host) => ["ip", "netns", "exec", Host(host)];

    /// <summary>Runs this program once more on host 0, with the same arguments, and returns its exit code.</summary>
    public async Task<int> RunSelf(CancellationToken cancellation)
    {
        // The first argument of the process is the program itself.
        var program = Environment.GetCommandLineArgs();
        string[] self = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [Environment.ProcessPath!, "exec", .. program] : [Environment.ProcessPath!, .. program.Skip(1)];
        var all = On(0).Concat(self).ToList();
        var start = new ProcessStartInfo(all[0], all.Skip(1));
        start.Environment[Variable] = $"{_id}:{Hosts}";
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync(CancellationToken.None);
        cancellation.ThrowIfCancellationRequested();
        return process.ExitCode;
    }

    public void Begin(int host, NetworkFault fault)
    {
        switch (fault)
        {
            case NetworkFault.Cut:
                Shell.Run("ip", "-n", Bridge, "link", "set", Port(host), "down");
                break;
            case NetworkFault.Mute:
                Drop($"iifname {Port(host)} drop");
                break;
            case NetworkFault.Deaf:
                Drop($"oifname {Port(host)} drop");
                break;
            case NetworkFault.Lossy:
                Drop($"iifname {Port(host)} numgen random mod 10 == 0 drop");
                Drop($"oifname {Port(host)} numgen random mod 10 == 0 drop");
                break;
            case NetworkFault.Narrow:
                Shell.Run("tc", "-n", Bridge, "qdisc", "add", "dev", Port(host), "root", "tbf", "rate", "20mbit", "burst", "64kb", "latency", "400ms");
                break;
            case NetworkFault.Late:
                Lay(host, _ => TimeSpan.FromMilliseconds(100));
                break;
            case NetworkFault.Disordered:
                Lay(host, packet => TimeSpan.FromMilliseconds(1 + (packet * 7 % 20)));
                break;
        }
    }

    public void End(int host, NetworkFault fault)
    {
        switch (fault)
        {
            case NetworkFault.Cut:
                Shell.Run("ip", "-n", Bridge, "link", "set", Port(host), "up");
                break;
            case NetworkFault.Narrow:
                Shell.Run("tc", "-n", Bridge, "qdisc", "del", "dev", Port(host), "root");
                break;
            case NetworkFault.Late or NetworkFault.Disordered:
                Shell.Run("ip", "-n", Bridge, "link", "set", Port(host), "master", "bridge0");
                if (_wires.TryRemove(host, out var wire))
                    wire.Dispose();
                Shell.Try("ip", "-n", Bridge, "link", "delete", $"side{host}");
                break;
            default:
                // Faults of several hosts overlap: rules of the others stay.
                foreach (var handle in Shell.Output("ip", "netns", "exec", Bridge, "nft", "-a", "list", "chain", "bridge", "faults", "forward")
                    .Split('\n').Where(l => l.Contains($"\"{Port(host)}\"", StringComparison.Ordinal)).Select(l => l[(l.LastIndexOf(' ') + 1)..]))
                    Shell.Run("ip", "netns", "exec", Bridge, "nft", "delete", "rule", "bridge", "faults", "forward", "handle", handle);
                break;
        }
    }

    public void Dispose()
    {
        foreach (var wire in _wires.Values)
            wire.Dispose();
        if (!_owned)
            return;
        foreach (var name in Enumerable.Range(0, Hosts).Select(Host).Append(Bridge))
            Shell.Try("ip", "netns", "delete", name);
    }

    private string Bridge => $"{_id}-net";

    private string Host(int host) => $"{_id}-h{host}";

    private static string Port(int host) => $"port{host}";

    private void Add(int host)
    {
        Shell.Run("ip", "netns", "add", Host(host));
        Shell.Run("ip", "link", "add", Port(host), "netns", Bridge, "type", "veth", "peer", "name", "eth0", "netns", Host(host));
        Shell.Run("ip", "-n", Bridge, "link", "set", Port(host), "master", "bridge0", "up");
        Shell.Run("ip", "-n", Host(host), "address", "add", $"{Address(host)}/24", "dev", "eth0");
        Shell.Run("ip", "-n", Host(host), "link", "set", "lo", "up");
        Shell.Run("ip", "-n", Host(host), "link", "set", "eth0", "up");
    }

    /// <summary>Between the host's port and the bridge: a bridge of the port's own, and a wire from there to the common one.</summary>
    private void Lay(int host, Func<long, TimeSpan> late)
    {
        var (side, near, far) = ($"side{host}", $"near{host}", $"far{host}");
        _wires[host] = new LateWire(Bridge, near, far, late);
        Shell.Run("ip", "-n", Bridge, "link", "add", side, "type", "bridge");
        Shell.Run("ip", "-n", Bridge, "link", "set", side, "up");
        Shell.Run("ip", "-n", Bridge, "link", "set", near, "master", side, "up");
        Shell.Run("ip", "-n", Bridge, "link", "set", far, "master", "bridge0", "up");
        Shell.Run("ip", "-n", Bridge, "link", "set", Port(host), "master", side);
    }

    private void Drop(string rule) => Shell.Run("ip", "netns", "exec", Bridge, "nft", $"add rule bridge faults forward {rule}");
}
