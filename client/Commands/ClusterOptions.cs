using System.CommandLine;
using System.Net;
using SslOrleans.Client.Cluster;
using SslOrleans.Contracts;
using SslOrleans.Silo;

namespace SslOrleans.Client.Commands;

/// <summary>Options of <c>sslo silo</c> about the cluster that it belongs to.</summary>
internal sealed class ClusterOptions
{
    private readonly Option<string?> _join = new("--join", "--primary")
    {
        Description = "The cluster to join: a runs folder of this machine, or HOST:PORT of the first silo of another one. Without it the cluster of --runs.",
        HelpName = "folder|host:port",
    };

    private readonly Option<string> _membership = new("--membership")
    {
        Description = "How silos find each other: folder (a file beside the runs, on one machine), primary (the silo that --join names), or azure (tables of the account in AZURE_STORAGE_CONNECTION_STRING).",
        DefaultValueFactory = _ => "",
    };

    private readonly Option<string?> _advertise = new("--advertise")
    {
        Description = "Address that others reach this silo at; loopback by default. With a port where that differs from --port, as behind a translator of addresses.",
        HelpName = "host[:port]",
    };

    private readonly Option<bool> _everywhere = new("--listen-everywhere") { Description = "Listens on every address of this machine, as in a container." };
    private readonly Option<int> _gateway = new("--gateway") { Description = "Port for clients; a free one by default." };
    private readonly Option<string?> _cluster = new("--cluster") { Description = "Name of the cluster; silos of other names are strangers. A folder's cluster has a name of its own." };
    private readonly Option<string> _service = new("--service") { Description = "Name that stays the same when the cluster is replaced.", DefaultValueFactory = _ => "sslorleans" };
    private readonly Option<string?> _certificate = new("--certificate") { Description = $"PKCS#12 file; silos and clients then talk over TLS. Its password: {Clustering.PasswordVariable}.", HelpName = "path" };
    private readonly Option<double?> _probe = new("--probe") { Description = "Seconds a silo may take to answer; twice too late is dead. 2 on one machine, 0.5 between machines." };
    private readonly Option<double> _drain = new("--drain") { Description = "Seconds to hand back work and leave after SIGTERM or a notice.", DefaultValueFactory = _ => 20 };
    private readonly Option<string?> _preemption = new("--preemption") { Description = "Instance metadata that announces the end of a spot machine; on Azure http://169.254.169.254/metadata.", HelpName = "url" };
    private readonly Option<bool> _kubernetes = new("--kubernetes") { Description = "Runs in a pod: silos of pods that are gone are given up at once. Needs POD_NAME, POD_NAMESPACE and the right to read pods." };
    private readonly Option<string?> _ready = new("--ready-file") { Description = "A file that is there while this silo takes part, for readiness probes.", HelpName = "path" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _join, _membership, _advertise, _everywhere, _gateway, _cluster, _service, _certificate, _probe, _drain, _preemption, _kubernetes, _ready })
            command.Add(option);
    }

    public string? ReadyFile(ParseResult parsed) => parsed.GetValue(_ready);

    /// <summary>The settings with what these options say.</summary>
    /// <exception cref="UserErrorException">They contradict each other, or one makes no sense.</exception>
    /// <param name="parsed">The command line.</param>
    /// <param name="settings">What the other options say.</param>
    /// <param name="storageIsImplied">Nobody said where runs are kept.</param>
    public SiloSettings Apply(ParseResult parsed, SiloSettings settings, bool storageIsImplied)
    {
        var (advertised, advertisedPort) = Advertised(parsed.GetValue(_advertise));
        settings = settings with { SiloPort = settings.SiloPort > 0 ? settings.SiloPort : advertisedPort };
        var (folder, primary) = Join(parsed.GetValue(_join));
        var kind = parsed.GetValue(_membership) switch
        {
            "folder" => MembershipKind.Folder,
            "primary" => MembershipKind.Primary,
            "azure" => MembershipKind.AzureTables,
            "" when primary is not null => MembershipKind.Primary,

            // A silo on a network that names nobody finds the others where every silo looks.
            "" => folder is null && !IPAddress.IsLoopback(advertised) ? MembershipKind.AzureTables : MembershipKind.Folder,
            var other => throw new UserErrorException($"--membership is \"{other}\"; use folder, primary or azure."),
        };
        Check(kind, parsed.GetValue(_membership)!, folder, primary, advertised);
        return settings with
        {
            ClusterId = parsed.GetValue(_cluster),
            GatewayPort = parsed.GetValue(_gateway),

            // Who names a folder of this machine and no other place keeps the runs there too.
            Storage = folder is not null && storageIsImplied ? folder : settings.Storage,
            Cluster = new ClusterSettings
            {
                Membership = kind,
                Folder = folder,

                // The first silo of a network may be started with the same --join as the others.
                Primary = primary is not null && primary.Address.Equals(advertised) && primary.Port == (advertisedPort > 0 ? advertisedPort : settings.SiloPort) ? null : primary,
                ServiceId = parsed.GetRequiredValue(_service),
                Advertised = advertised,
                AdvertisedPort = advertisedPort,
                ListensEverywhere = parsed.GetValue(_everywhere),
                Certificate = parsed.GetValue(_certificate),
                Probe = parsed.GetValue(_probe) is { } probe ? Seconds(probe, "--probe", 0.1, 60) : TimeSpan.Zero,
                Drain = Seconds(parsed.GetValue(_drain), "--drain", 0, 3600),
                Kubernetes = parsed.GetValue(_kubernetes),
                Preemption = parsed.GetValue(_preemption) is { Length: > 0 } url ? Address(url) : null,
            },
        };
    }

    /// <summary>A folder that is there, or an address.</summary>
    private static (string? Folder, IPEndPoint? Primary) Join(string? text)
    {
        if (text is null)
            return default;
        if (Directory.Exists(text) || text.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal))
            return (text, null);
        if (!text.Contains(':', StringComparison.Ordinal))
            throw new UserErrorException($"--join is \"{text}\", and there is no such folder; name the runs folder of a cluster on this machine, or write HOST:PORT, such as 10.0.0.4:11111.");
        return (null, HostAndPort.Parse(text, "--join"));
    }

    private static void Check(MembershipKind kind, string said, string? folder, IPEndPoint? primary, IPAddress advertised)
    {
        if (kind == MembershipKind.AzureTables && (folder is not null || primary is not null))
            throw new UserErrorException("--membership azure finds every silo in the account's tables; leave out --join.");
        if (kind == MembershipKind.Folder && primary is not null)
            throw new UserErrorException($"--membership folder, and --join {primary} is no folder; name the runs folder.");
        if (kind == MembershipKind.Primary && folder is not null)
            throw new UserErrorException($"--membership primary, and --join {folder} is a folder; name HOST:PORT of the first silo.");
        if (kind == MembershipKind.Folder && !IPAddress.IsLoopback(advertised))
            throw new UserErrorException($"--advertise {advertised} is for silos of several machines, which cannot find each other in a folder; leave it out, or use --join HOST:PORT or --membership azure.");
        if (said.Length == 0 && primary is not null && IPAddress.IsLoopback(primary.Address))
            throw new UserErrorException($"--join {primary} is of this machine, whose silos find each other by their runs folder: --join FOLDER. With --membership primary on both silos an address will do.");
    }

    private static (IPAddress Address, int Port) Advertised(string? text)
    {
        if (text is not { Length: > 0 })
            return (IPAddress.Loopback, 0);
        if (IPAddress.TryParse(text, out var alone) || !text.Contains(':', StringComparison.Ordinal))
            return (alone ?? HostAndPort.Resolve(text, "--advertise"), 0);
        var both = HostAndPort.Parse(text, "--advertise");
        return (both.Address, both.Port);
    }

    private static TimeSpan Seconds(double value, string option, double least, double most)
        => value >= least && value <= most
            ? TimeSpan.FromSeconds(value)
            : throw new UserErrorException(FormattableString.Invariant($"{option} is {value}; give {least} to {most} seconds."));

    private static Uri Address(string url)
        => Uri.TryCreate(url.TrimEnd('/'), UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? new Uri(url.TrimEnd('/'))
            : throw new UserErrorException($"--preemption is \"{url}\"; on Azure it is http://169.254.169.254/metadata.");
}
