using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Contracts;
using SslOrleans.Grains.Placement;

namespace SslOrleans.Grains.Steps;

/// <summary>
/// The workers of a run: takes newcomers in when they have built the networks, sees who is gone, refuses who must not compute.
/// </summary>
internal sealed class WorkerRoster(IGrainFactory grains, RunBrief run, WorkersRecipe recipe, Action<RunEventKind, string, string?> tell)
{
    private const int MostFailures = 3;

    /// <summary>Workers that a pool on a new silo does not know yet say within a second that they are here; a dead one's call fails at once.</summary>
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(2.5);

    private readonly Dictionary<string, RunWorker> _workers = [];
    private readonly HashSet<string> _refused = [];
    private readonly Dictionary<string, int> _failures = [];
    private readonly Dictionary<string, Task> _preparing = [];
    private RunShape? _shape;
    private UserErrorException? _nobodyCan;
    private string _lastRefusal = "";

    /// <summary>How often workers were lost; tells whether an answer of the pool is older than a loss.</summary>
    private int _losses;

    /// <summary>The numerics class that the run's bits belong to; set by the first worker of the run.</summary>
    public string? NumericsClass { get; set; }

    /// <summary>Every prepared worker that is here.</summary>
    public IEnumerable<RunWorker> Live => _workers.Values.Where(w => w.Ready && !w.Gone).OrderBy(w => w.Name, StringComparer.Ordinal);

    /// <summary>Those that compute nothing at the moment.</summary>
    public IEnumerable<RunWorker> Free => Live.Where(w => !w.Busy);

    public IEnumerable<RunWorker> All => _workers.Values;

    /// <summary>Who had which micro-batches when.</summary>
    public LeaseTimeline Leases { get; } = new();

    public void Tell(RunEventKind kind, string text, string? worker = null) => tell(kind, text, worker);

    /// <summary>Compares with who is in the pool.</summary>
    public async Task Refresh(long step)
    {
        var losses = _losses;
        var here = await MovingGrains.Ask(() => grains.GetGrain<IWorkerPoolGrain>(IWorkerPoolGrain.Key).Live());
        foreach (var info in here)
        {
            if (_workers.TryGetValue(info.Name, out var known) && known.Info.Life == info.Life)
            {
                known.LastSeen = DateTimeOffset.UtcNow;
                // The pool may have answered before it heard of the loss; a worker that lives says so again within a second.
                if (known.Gone && losses == _losses)
                    Welcome(info);
                continue;
            }

            if (!_refused.Contains(info.Life))
                Welcome(info);
        }

        foreach (var gone in _workers.Values.Where(w => !w.Gone && DateTimeOffset.UtcNow - w.LastSeen > s_silence && here.All(h => h.Life != w.Info.Life)).ToList())
        {
            gone.Went("silent");
            tell(RunEventKind.Killed, $"{gone.Name} is gone", gone.Name);
        }
    }

    /// <summary>A worker left of its own will.</summary>
    public void Left(string name)
    {
        if (_workers.TryGetValue(name, out var worker) && !worker.Gone)
        {
            worker.Went("left");
            tell(RunEventKind.Left, $"{name} left", name);
        }
    }

    /// <summary>The connection to a silo broke, most likely because its process ended: its workers' micro-batches are dealt again at once.</summary>
    public void SiloLost(string silo)
    {
        foreach (var worker in _workers.Values.Where(w => !w.Gone && w.Info.Silo == silo).ToList())
        {
            worker.Went("connection lost");
            _losses++;
            tell(RunEventKind.Killed, $"{worker.Name} is gone (the connection to its silo broke); its open micro-batches are dealt again", worker.Name);
            _ = grains.GetGrain<IWorkerPoolGrain>(IWorkerPoolGrain.Key).Suspect(worker.Name, worker.Info.Life, "the connection to its silo broke");
        }
    }

    /// <summary>A call to the worker failed.</summary>
    public void Lost(RunWorker worker, Exception? why)
    {
        if (worker.Gone)
            return;
        worker.Went(why?.GetType().Name ?? "lost");
        _losses++;
        tell(RunEventKind.Killed, $"{worker.Name} is gone ({why?.GetType().Name}: {why?.Message}); its open micro-batches are dealt again", worker.Name);
        var failures = _failures[worker.Info.Life] = _failures.GetValueOrDefault(worker.Info.Life) + 1;
        if (failures >= MostFailures)
            Refuse(worker.Info, $"it failed {failures} times, last with: {why?.Message}");
        _ = grains.GetGrain<IWorkerPoolGrain>(IWorkerPoolGrain.Key).Suspect(worker.Name, worker.Info.Life, why?.Message ?? "");
    }

    /// <summary>A worker's bits differ from those of others, or from its own: it is refused from now on.</summary>
    public void Differed(string life, string why)
    {
        if (_workers.Values.FirstOrDefault(w => w.Info.Life == life) is { } worker)
        {
            worker.Went("other bits");
            Refuse(worker.Info, why);
        }

        _refused.Add(life);
    }

    /// <summary>Name of a worker by its life.</summary>
    public string NameOf(string life) => _workers.Values.FirstOrDefault(w => w.Info.Life == life)?.Name ?? life;

    /// <summary>The last refusal as <c>name: why</c>; empty when nobody was refused.</summary>
    public string LastRefusal => _lastRefusal;

    /// <summary>Returns when at least one worker is ready.</summary>
    /// <exception cref="UserErrorException">Every worker so far was refused, the last for a reason that no other worker would be without.</exception>
    public async Task WaitForWorker(CancellationToken cancellation)
    {
        while (!Live.Any())
        {
            // Where one worker could do it, the reason of another lies in that one, whatever it says.
            if (_nobodyCan is { } reason && _shape is null && _preparing.Count == 0)
                throw new UserErrorException(reason.Message, reason) { Reason = reason.Reason };
            await Refresh(0);
            if (_preparing.Count > 0)
                await Task.WhenAny([.. _preparing.Values, Task.Delay(100, cancellation)]);
            else
                await Task.Delay(100, cancellation);
            cancellation.ThrowIfCancellationRequested();
        }

        if (!Free.Any())
            await Task.Delay(20, cancellation);
    }

    /// <summary>The shape of the run; every worker must see the same.</summary>
    public RunShape Shape => _shape ?? throw new InvalidOperationException("No worker has told the shape of the run yet.");

    private void Welcome(WorkerInfo info)
    {
        if (RefuseOtherClass(info))
            return;
        var worker = new RunWorker(info, grains.GetGrain<IWorkerGrain>(info.Name));
        _workers[info.Name] = worker;
        _preparing[info.Life] = Prepare(worker);
    }

    private async Task Prepare(RunWorker worker)
    {
        try
        {
            var shape = await worker.Grain.Prepare(run, load: false);
            _shape ??= shape;
            if (shape.DataFingerprint != _shape.DataFingerprint)
            {
                Refuse(worker.Info, $"it sees other data ({shape.DataFingerprint}, the run has {_shape.DataFingerprint}); give it the same images");
                return;
            }

            // Set by the first that can compute: one that was refused must not keep the others out.
            if (RefuseOtherClass(worker.Info))
                return;
            NumericsClass ??= worker.Info.NumericsClassIn(recipe.Precision);
            worker.Ready = true;
            tell(RunEventKind.Joined, $"{worker.Name} joined ({worker.Info.Device})", worker.Name);
        }
        catch (UserErrorException e)
        {
            if (e.Reason != RefusalReason.Worker)
                _nobodyCan = e;
            Refuse(worker.Info, e.Message);
        }
        catch (Exception e)
        {
            Lost(worker, e);
        }
        finally
        {
            _preparing.Remove(worker.Info.Life);
        }
    }

    private bool RefuseOtherClass(WorkerInfo info)
    {
        var numericsClass = info.NumericsClassIn(recipe.Precision);
        if (NumericsClass is null || numericsClass == NumericsClass || recipe.AllowMixedHardware)
            return false;
        Refuse(info, $"its numerics class is \"{numericsClass}\", the run's is \"{NumericsClass}\"; set workers.allowMixedHardware to accept it without the promise of equal bits");
        return true;
    }

    private void Refuse(WorkerInfo info, string why)
    {
        _refused.Add(info.Life);
        _workers.Remove(info.Name);
        _lastRefusal = $"{info.Name}: {why}";
        tell(RunEventKind.Refused, $"{info.Name} is refused: {why}", info.Name);
    }
}
