using System.Collections.Concurrent;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Silo.Dashboard.Watching;

/// <summary>One activation.</summary>
internal sealed record ActivationRow(string Type, string Key, string Silo);

/// <summary>One silo, its process, and how many activations of each class it has.</summary>
internal sealed record SiloRow(
    string Name, string Address, string Status, DateTime Started, SiloMeters? Meters, double ProcessorShare, IReadOnlyDictionary<string, int> Activations);

/// <summary>The grains of the cluster.</summary>
internal sealed record GrainsState(DateTimeOffset Time, IReadOnlyList<SiloRow> Silos, IReadOnlyList<ActivationRow> Activations, bool Cut);

/// <summary>Looks at silos and activations, once a second while somebody looks, for all pages together.</summary>
internal sealed class GrainWatch(IGrainFactory grains, LiveFeed feed)
{
    public const string Topic = "grains";

    /// <summary>Orleans counts its own system targets as grains too.</summary>
    private const string Ours = nameof(SslOrleans) + ".";

    /// <summary>Rows that a page gets; a cluster with more grains is counted whole and listed in part.</summary>
    private const int MostRows = 1000;
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly ConcurrentDictionary<string, SiloMeters> _before = new();
    private readonly Shared<string, IReadOnlyList<ActivationRow>> _activations = new(s_pause);
    private GrainsState? _state;
    private long _stateAt;
    private long _publishedAt;

    private IManagementGrain Management => grains.GetGrain<IManagementGrain>(0);

    /// <summary>Every activation of this project's grains, as of at most a second ago.</summary>
    public Task<IReadOnlyList<ActivationRow>> Activations() => _activations.Get("", Ask);

    /// <summary>A grain that sleeps is not woken up for being looked at.</summary>
    /// <exception cref="NotThereException">No such grain is awake.</exception>
    public async Task DemandAwake(string type, string key)
    {
        if (!(await Activations()).Any(a => a.Type == type && a.Key == key))
            throw new NotThereException($"No {type} with the key {key} is awake.");
    }

    /// <summary>The present state, at most a second old.</summary>
    public async Task<GrainsState> State()
    {
        await _gate.WaitAsync();
        try
        {
            if (_state is null || Environment.TickCount64 - _stateAt >= s_pause.TotalMilliseconds)
            {
                _state = await Look();
                _stateAt = Environment.TickCount64;
            }

            return _state;
        }
        finally
        {
            _gate.Release();
        }
    }

    public async Task PublishIfWanted()
    {
        if (!feed.IsWanted(Topic) || Environment.TickCount64 - _publishedAt < s_pause.TotalMilliseconds)
            return;
        _publishedAt = Environment.TickCount64;
        try
        {
            feed.Publish(Topic, "grains", await State());
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            // A silo died between two questions; the next look is in a second.
        }
    }

    private async Task<IReadOnlyList<ActivationRow>> Ask()
    {
        var names = await SiloNames();
        return [.. (await Management.GetDetailedGrainStatistics())
            .Where(a => a.GrainType.StartsWith(Ours, StringComparison.Ordinal))
            .Select(a => new ActivationRow(Short(a.GrainType), a.GrainId.Key.ToString() ?? "", names.GetValueOrDefault(a.SiloAddress.ToString()) ?? $"{a.SiloAddress}"))
            .OrderBy(a => a.Type, StringComparer.Ordinal).ThenBy(a => a.Key, StringComparer.Ordinal)];
    }

    private async Task<GrainsState> Look()
    {
        var all = await Activations();
        var hosts = await Management.GetDetailedHosts(onlyActive: true);
        var meters = (await Task.WhenAll(hosts.Select(h => Meters(h.SiloName)))).OfType<SiloMeters>().ToDictionary(m => m.Silo);
        var silos = hosts.OrderBy(h => h.SiloName, StringComparer.Ordinal).Select(h =>
        {
            var now = meters.GetValueOrDefault(h.SiloName);
            var then = _before.GetValueOrDefault(h.SiloName);
            var share = now is not null && then is not null && now.UptimeSeconds > then.UptimeSeconds
                ? (now.ProcessorSeconds - then.ProcessorSeconds) / (now.UptimeSeconds - then.UptimeSeconds) : 0;
            return new SiloRow(
                h.SiloName, $"{h.SiloAddress}", $"{h.Status}", h.StartTime, now, share,
                all.Where(a => a.Silo == h.SiloName).GroupBy(a => a.Type).ToDictionary(g => g.Key, g => g.Count()));
        }).ToList();
        foreach (var (silo, now) in meters)
            _before[silo] = now;
        return new GrainsState(DateTimeOffset.UtcNow, silos, [.. all.Take(MostRows)], all.Count > MostRows);
    }

    private async Task<SiloMeters?> Meters(string silo)
    {
        try
        {
            return await grains.GetGrain<ISiloMetersGrain>(ISiloMetersGrain.Key(silo)).Read().WaitAsync(s_pause);
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            // It hangs or has just died; the others are shown.
            return null;
        }
    }

    private async Task<Dictionary<string, string>> SiloNames()
        => (await Management.GetDetailedHosts()).GroupBy(h => $"{h.SiloAddress}").ToDictionary(g => g.Key, g => g.First().SiloName);

    /// <summary>The class alone of <c>Namespace.Class,Assembly</c>.</summary>
    private static string Short(string type)
    {
        var name = type.Split(',')[0];
        return name[(name.LastIndexOf('.') + 1)..];
    }
}
