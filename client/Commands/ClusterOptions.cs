using System.CommandLine;
using System.Net;
using SslOrleans.Client.Cluster;
using SslOrleans.Contracts;
using SslOrleans.Silo;

namespace SslOrleans.Client.Commands;

/// <summary>Options of <c>sslo silo</c> that matter beyond one machine.</summary>
internal sealed class ClusterOptions
{
    private readonly Option<string> _membership = new("--membership")
    {
        Description = "How silos find each other: primary (the one that --join names), or azure (tables of the account in AZURE_STORAGE_CONNECTION_STRING).",
        DefaultValueFactory = _ => "",
    };

    private readonly Option<string?> _advertise = new("--advertise")
    {
        Description = "Address that others reach this silo at; loopback by default. With a port where that differs from --port, as behind a translator of addresses.",
        HelpName = "host[:port]",
    };

    private readonly Option<bool> _everywhere = new("--listen-everywhere") { Description = "Listens on every address of this machine, as in a container." };
    private readonly Option<int> _gateway = new("--gateway") { Description = "Port for clients; a free one by default." };
    private readonly Option<string> _cluster = new("--cluster") { Description = "Name of the cluster; silos of other names are strangers.", DefaultValueFactory = _ => "sslorleans" };
    private readonly Option<string> _service = new("--service") { Description = "Name that stays the same when the cluster is replaced.", DefaultValueFactory = _ => "sslorleans" };
    private readonly Option<string?> _certificate = new("--certificate") { Description = $"PKCS#12 file; silos and clients then talk over TLS. Its password: {Clustering.PasswordVariable}.", HelpName = "path" };
    private readonly Option<double> _probe = new("--probe") { Description = "Seconds a silo may take to answer; twice too late is dead.", DefaultValueFactory = _ => 0.5 };
    private readonly Option<double> _drain = new("--drain") { Description = "Seconds to hand back work and leave after SIGTERM or a notice.", DefaultValueFactory = _ => 20 };
    private readonly Option<string?> _preemption = new("--preemption") { Description = "Instance metadata that announces the end of a spot machine; on Azure http://169.254.169.254/metadata.", HelpName = "url" };
    private readonly Option<string?> _ready = new("--ready-file") { Description = "A file that is there while this silo takes part, for readiness probes.", HelpName = "path" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _membership, _advertise, _everywhere, _gateway, _cluster, _service, _certificate, _probe, _drain, _preemption, _ready })
            command.Add(option);
    }

    public string? ReadyFile(ParseResult parsed) => parsed.GetValue(_ready);

    /// <summary>The settings with what these options say.</summary>
    /// <exception cref="UserErrorException">They contradict each other, or one makes no sense.</exception>
    public SiloSettings Apply(ParseResult parsed, SiloSettings settings)
    {
        var (advertised, advertisedPort) = Advertised(parsed.GetValue(_advertise));
        settings = settings with { SiloPort = settings.SiloPort > 0 ? settings.SiloPort : advertisedPort };
        var inAzure = parsed.GetValue(_membership) switch
        {
            "primary" => false,
            "azure" => true,

            // A silo on a network that names no primary finds the others where every silo looks.
            "" => settings.Primary is null && !IPAddress.IsLoopback(advertised),
            var other => throw new UserErrorException($"--membership is \"{other}\"; use primary or azure."),
        };
        if (inAzure && settings.Primary is not null)
            throw new UserErrorException("--membership azure has no primary; leave out --join.");
        return settings with
        {
            ClusterId = parsed.GetRequiredValue(_cluster),
            GatewayPort = parsed.GetValue(_gateway),

            // The first silo of a network may be started with the same --join as the others.
            Primary = settings.Primary is { } primary && primary.Address.Equals(advertised) && primary.Port == (advertisedPort > 0 ? advertisedPort : settings.SiloPort) ? null : settings.Primary,
            Cluster = new ClusterSettings
            {
                ServiceId = parsed.GetRequiredValue(_service),
                Advertised = advertised,
                AdvertisedPort = advertisedPort,
                ListensEverywhere = parsed.GetValue(_everywhere),
                InAzureTables = inAzure,
                Certificate = parsed.GetValue(_certificate),
                Probe = Seconds(parsed.GetValue(_probe), "--probe", 0.1, 60),
                Drain = Seconds(parsed.GetValue(_drain), "--drain", 0, 3600),
                Preemption = parsed.GetValue(_preemption) is { Length: > 0 } url ? Address(url) : null,
            },
        };
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
