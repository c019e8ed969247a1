using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Runs;

namespace SslOrleans.Silo.Dashboard.Watching;

/// <summary>What every page shows: the runs that are in memory and who is here.</summary>
/// <param name="Time">The silo's clock.</param>
/// <param name="Silo">Name of the silo that serves the page.</param>
/// <param name="Runs">By name.</param>
/// <param name="Workers">In the pool.</param>
/// <param name="Problem">Why the picture is not complete; null when it is.</param>
internal sealed record ClusterState(DateTimeOffset Time, string Silo, IReadOnlyList<RunStatus> Runs, IReadOnlyList<WorkerInfo> Workers, string? Problem);

/// <summary>
/// Looks at the cluster while a page is open, four times a second however many pages there are, and not at all while none is.
/// All reads interleave with the grains' own work and compute nothing.
/// </summary>
internal sealed class ClusterWatch(IGrainFactory grains, LiveFeed feed, GrainWatch grainWatch, ILocalSiloDetails silo, ILogger<ClusterWatch> log) : BackgroundService
{
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_discovery = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, RunWatch> _runs = [];
    private readonly SemaphoreSlim _gate = new(1, 1);
    private ClusterState? _state;
    private long _stateAt;
    private long? _discoveredAt;
    private WorkerInfo[] _workers = [];
    private string? _problem;

    /// <summary>The present state, at most <see cref="Pause"/> old.</summary>
    public async Task<ClusterState> State()
    {
        await _gate.WaitAsync();
        try
        {
            if (_state is null || Environment.TickCount64 - _stateAt > Pause.TotalMilliseconds)
                await Look();
            return _state!;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>The latest events of the run that a topic names; null when it names none that is in memory.</summary>
    public async Task<object?> Latest(string topic)
    {
        await _gate.WaitAsync();
        RunWatch? watch;
        try
        {
            watch = _runs.Values.FirstOrDefault(r => RunWatch.StepsTopic(r.Run) == topic);
        }
        finally
        {
            _gate.Release();
        }

        try
        {
            return watch is null ? null : await watch.Latest();
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or UserErrorException)
        {
            // The run moves or is gone; the state says so.
            return null;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await feed.WaitForPage(stoppingToken);
                feed.Publish("state", "state", await State());
                await grainWatch.PublishIfWanted();
                await Task.Delay(Pause, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e)
            {
                // A picture that fails must not end the silo.
                log.LogWarning(e, "The dashboard could not look at the cluster");
                await Task.Delay(s_discovery, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task Look()
    {
        if (_discoveredAt is not { } at || Environment.TickCount64 - at > s_discovery.TotalMilliseconds)
        {
            _problem = null;
            await Discover().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _discoveredAt = Environment.TickCount64;
        }

        await Task.WhenAll(_runs.Values.Select(r => r.Look()));
        foreach (var gone in _runs.Values.Where(r => r.Status is null).ToList())
            _runs.Remove(gone.Run);
        _state = new ClusterState(
            DateTimeOffset.UtcNow, silo.Name, [.. _runs.Values.Select(r => r.Status!).OrderBy(s => s.Run, StringComparer.Ordinal)], _workers, _problem);
        _stateAt = Environment.TickCount64;
    }

    /// <summary>Which run grains are awake; none is woken up for being looked at.</summary>
    private async Task Discover()
    {
        try
        {
            foreach (var run in (await grainWatch.Activations()).Where(a => a.Type == nameof(TrainingRunGrain)).Select(a => a.Key))
            {
                if (!_runs.ContainsKey(run))
                    _runs[run] = new RunWatch(run, grains.GetGrain<ITrainingRunGrain>(run), feed);
            }

            _workers = await grains.GetGrain<IWorkerPoolGrain>(IWorkerPoolGrain.Key).Live();
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or UserErrorException)
        {
            _problem = e.Message;
        }
    }
}
