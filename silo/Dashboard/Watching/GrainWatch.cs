using System.Collections.Concurrent;
using Orleans;
using Orleans.Runtime;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Silo.Dashboard.Watching;

/// <summary>One activation.</summary>
internal sealed record ActivationRow(string Type, string Key, string Silo);

/// <summary>One silo, its process, and how many activations of each class it has.</summary>
internal sealed record SiloRow(
    string Name, string Address, string Status, DateTime Started, SiloMeters? Meters, double ProcessorShare, IReadOnlyDictionary<string, int> Activations);

/// <summary>Calls of one method over all silos.</summary>
/// <param name="Grain">Class.</param>
/// <param name="Method">Method.</param>
/// <param name="Calls">Since the silos began.</param>
/// <param name="Failures">Since the silos began.</param>
/// <param name="CallsPerSecond">Between the last two looks.</param>
/// <param name="MeanMilliseconds">Of those; of all while there were none.</param>
/// <param name="MaximumMilliseconds">Between the last two looks.</param>
internal sealed record CallRow(string Grain, string Method, long Calls, long Failures, double CallsPerSecond, double MeanMilliseconds, double MaximumMilliseconds);

/// <summary>The grains of the cluster.</summary>
internal sealed record GrainsState(DateTimeOffset Time, IReadOnlyList<SiloRow> Silos, IReadOnlyList<CallRow> Calls, IReadOnlyList<ActivationRow> Activations, bool Cut);

/// <summary>Looks at silos, activations and calls, once a second while somebody looks, for all pages together.</summary>
internal sealed class GrainWatch(IGrainFactory grains, LiveFeed feed)
{
    public const string Topic = "grains";

    /// <summary>Rows that a page gets; a cluster with more grains is counted whole and listed in part.</summary>
    private const int MostRows = 1000;
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly ConcurrentDictionary<string, SiloMeters> _before = new();
    private GrainsState? _state;
    private long _stateAt;
    private long _publishedAt;

    private IManagementGrain Management => grains.GetGrain<IManagementGrain>(0);

    /// <summary>Every activation of this project's grains.</summary>
    public async Task<IReadOnlyList<ActivationRow>> Activations()
    {
        var names = await SiloNames();
        return [.. (await Management.GetDetailedGrainStatistics())
            .Select(a => new ActivationRow(Short(a.GrainType), a.GrainId.Key.ToString() ?? "", names.GetValueOrDefault(a.SiloAddress.ToString()) ?? $"{a.SiloAddress}"))
            .OrderBy(a => a.Type, StringComparer.Ordinal).ThenBy(a => a.Key, StringComparer.Ordinal)];
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
                h.SiloName, $"{h.SiloAddress}", $"{h.Status}", h.StartTime, now is null ? null : now with { Calls = [] }, share,
                all.Where(a => a.Silo == h.SiloName).GroupBy(a => a.Type).ToDictionary(g => g.Key, g => g.Count()));
        }).ToList();
        var calls = Calls(meters);
        foreach (var (silo, now) in meters)
            _before[silo] = now;
        return new GrainsState(DateTimeOffset.UtcNow, silos, calls, [.. all.Take(MostRows)], all.Count > MostRows);
    }

    private List<CallRow> Calls(Dictionary<string, SiloMeters> meters)
    {
        var rows = new Dictionary<(string, string), CallRow>();
        foreach (var (silo, now) in meters)
        {
            var before = _before.GetValueOrDefault(silo) is { } b && b.UptimeSeconds < now.UptimeSeconds && b.ProcessId == now.ProcessId ? b : null;
            var seconds = before is null ? 0 : now.UptimeSeconds - before.UptimeSeconds;
            var last = before?.Calls.ToDictionary(c => (c.Grain, c.Method)) ?? [];
            foreach (var call in now.Calls)
            {
                var then = last.GetValueOrDefault((call.Grain, call.Method));
                var fresh = call.Calls - (then?.Calls ?? 0);
                var mean = fresh > 0 ? (call.Seconds - (then?.Seconds ?? 0)) / fresh : call.Seconds / Math.Max(1, call.Calls);
                var row = new CallRow(call.Grain, call.Method, call.Calls, call.Failures, seconds > 0 ? fresh / seconds : 0, mean * 1000, call.MaximumSeconds * 1000);
                rows[(call.Grain, call.Method)] = rows.GetValueOrDefault((call.Grain, call.Method)) is { } other ? Add(other, row) : row;
            }
        }

        return [.. rows.Values.OrderByDescending(r => r.CallsPerSecond).ThenBy(r => r.Grain, StringComparer.Ordinal).ThenBy(r => r.Method, StringComparer.Ordinal)];
    }

    private static CallRow Add(CallRow a, CallRow b)
    {
        var (x, y) = a.CallsPerSecond + b.CallsPerSecond > 0 ? (a.CallsPerSecond, b.CallsPerSecond) : (a.Calls, (double)b.Calls);
        return a with
        {
            Calls = a.Calls + b.Calls,
            Failures = a.Failures + b.Failures,
            CallsPerSecond = a.CallsPerSecond + b.CallsPerSecond,
            MeanMilliseconds = x + y > 0 ? ((a.MeanMilliseconds * x) + (b.MeanMilliseconds * y)) / (x + y) : 0,
            MaximumMilliseconds = Math.Max(a.MaximumMilliseconds, b.MaximumMilliseconds),
        };
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
