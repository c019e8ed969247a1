using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Runtime.MembershipService.SiloMetadata;
using SslOrleans.Grains.Lifelines;
using SslOrleans.Grains.Placement;

namespace SslOrleans.Silo.Lifelines;

/// <summary>
/// Keeps a lifeline to every other silo, where this one holds runs and slices or stands by for it (roles <see cref="Roles.Parameters"/>, <see cref="Roles.Standby"/>). When one breaks, the
/// runs here learn of it at once. Membership hears of a death only where no network can be at fault: on this machine, and when its
/// kernel says that nobody listens at the silo's own port any more.
/// </summary>
internal sealed partial class LifelineWatch(
    IClusterMembershipService membership, ISiloMetadataCache metadata, ILocalSiloDetails self, SiloSettings settings, ILogger<LifelineWatch> log)
    : BackgroundService, ILifelines
{
    /// <summary>Silo metadata: where its lifelines are.</summary>
    public const string Key = "lifeline";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_often = TimeSpan.FromMilliseconds(50);

    private readonly Dictionary<SiloAddress, Task> _watching = [];

    public event Action<string>? Broken;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!settings.Roles.Split(',').Any(r => r is Roles.Parameters or Roles.Standby))
            return;
        await foreach (var snapshot in membership.MembershipUpdates.WithCancellation(stoppingToken))
        {
            foreach (var (silo, member) in snapshot.Members)
            {
                if (member.Status == SiloStatus.Active && !silo.Equals(self.SiloAddress) && !_watching.ContainsKey(silo))
                    _watching[silo] = Watch(silo, member.Name, stoppingToken);
            }

            foreach (var (silo, _) in _watching.Where(w => w.Value.IsCompleted).ToList())
                _watching.Remove(silo);
        }
    }

    private async Task Watch(SiloAddress silo, string name, CancellationToken cancellation)
    {
        try
        {
            while (IsActive(silo))
            {
                if (await Connect(silo, cancellation) is not { } line)
                {
                    await Task.Delay(s_patience, cancellation);
                    continue;
                }

                using (line)
                    await Ended(line, cancellation);
                if (!IsActive(silo))
                    return;
                LogBroken(name, silo);
                Broken?.Invoke(name);
                if (await NobodyListens(silo, cancellation))
                    await membership.TryKill(silo).WaitAsync(cancellation);
                await Task.Delay(s_often, cancellation);
            }
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception e)
        {
            // Membership's own probes go on without the lifeline.
            LogFailed(e, name, silo);
        }
    }

    private bool IsActive(SiloAddress silo) => membership.CurrentSnapshot.GetSiloStatus(silo) == SiloStatus.Active;

    /// <returns>Null when there is no way to its lifelines now.</returns>
    private async Task<Socket?> Connect(SiloAddress silo, CancellationToken cancellation)
    {
        // Metadata arrives a moment after the silo has become active.
        string? port;
        while (!metadata.GetSiloMetadata(silo).Metadata.TryGetValue(Key, out port))
        {
            if (!IsActive(silo))
                return null;
            await Task.Delay(s_often, cancellation);
        }

        return (await Reach(new IPEndPoint(silo.Endpoint.Address, int.Parse(port, CultureInfo.InvariantCulture)), cancellation)).Line;
    }

    private async Task<bool> NobodyListens(SiloAddress silo, CancellationToken cancellation)
    {
        if (!IPAddress.IsLoopback(silo.Endpoint.Address) && !silo.Endpoint.Address.Equals(self.SiloAddress.Endpoint.Address))
            return false;
        var (line, error) = await Reach(silo.Endpoint, cancellation);
        line?.Dispose();
        return error == SocketError.ConnectionRefused;
    }

    private static async Task<(Socket? Line, SocketError Error)> Reach(IPEndPoint where, CancellationToken cancellation)
    {
        var line = new Socket(where.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(s_patience);
        try
        {
            await line.ConnectAsync(where, limit.Token);
            return (line, SocketError.Success);
        }
        catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            line.Dispose();
            return (null, e is SocketException socket ? socket.SocketErrorCode : SocketError.TimedOut);
        }
    }

    private static async Task Ended(Socket line, CancellationToken cancellation)
    {
        try
        {
            await line.ReceiveAsync(new byte[1], cancellation);
        }
        catch (SocketException)
        {
            // Reset: as good as an end.
        }
    }

    [LoggerMessage(LogLevel.Information, "The lifeline to {Name} ({Silo}) broke")]
    private partial void LogBroken(string name, SiloAddress silo);

    [LoggerMessage(LogLevel.Warning, "The lifeline to {Name} ({Silo}) is given up; membership alone watches that silo")]
    private partial void LogFailed(Exception why, string name, SiloAddress silo);
}
