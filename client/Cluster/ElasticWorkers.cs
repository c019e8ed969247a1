using SslOrleans.Client.Training;

namespace SslOrleans.Client.Cluster;

/// <summary>
/// Worker processes that come and go by themselves while a training runs (<c>--workers auto</c>): one for every <c>threadsPerWorker</c>
/// processors that nobody else uses, or one for every GPU that this process sees. One that was killed is replaced. Nothing of this changes a bit.
/// </summary>
public sealed class ElasticWorkers : IAsyncDisposable
{
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(2);

    /// <summary>Time to hand back micro-batches; longer than a step should take, since nothing waits for it.</summary>
    private static readonly TimeSpan s_leave = TimeSpan.FromSeconds(20);

    private readonly ClusterConnection _cluster;
    private readonly TrainingRequest _request;
    private readonly WorkerTarget _target;
    private readonly IReadOnlyList<string> _devices;
    private readonly CancellationTokenSource _ending = new();
    private readonly Dictionary<WorkerProcess, string> _workers = [];
    private readonly List<Task> _leaving = [];
    private readonly Task _following;

    /// <param name="cluster">Where they join.</param>
    /// <param name="request">Of which training.</param>
    /// <param name="gpus">GPUs to use, as <c>--device</c> names them; empty: processors.</param>
    public ElasticWorkers(ClusterConnection cluster, TrainingRequest request, IReadOnlyList<string> gpus)
    {
        var (threads, most) = (request.Recipe.Workers.ThreadsPerWorker, request.Recipe.Batch.MicroBatches);
        (_cluster, _request, _devices) = (cluster, request, gpus);
        _target = gpus.Count > 0
            ? new WorkerTarget(1, gpus.Count, most, TimeProvider.System)
            : new WorkerTarget(threads, Environment.ProcessorCount, most, TimeProvider.System);
        Fill();
        _following = Task.Run(Follow);
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_leaving);
        _ending.Dispose();
    }

    private async Task Follow()
    {
        var machine = new BusyProcessors();
        while (true)
        {
            // A GPU that this process sees is taken to be its own; processors are everybody's.
            var others = _devices.Count > 0 ? 0 : machine.ByOthers([Environment.ProcessId, .. _workers.Keys.Select(w => w.ProcessId)]);
            if (others is { } busy)
                _target.Look(busy);
            Fill();
            while (_workers.Count > _target.Value)
                Leave(_workers.Keys.Last());
            await Task.Delay(s_look, _ending.Token);
        }
    }

    private void Fill()
    {
        foreach (var gone in _workers.Keys.Where(w => !w.IsAlive).ToList())
            _workers.Remove(gone);
        while (_workers.Count < _target.Value)
        {
            var device = _devices.Except(_workers.Values).FirstOrDefault() ?? "cpu";
            _workers.Add(_cluster.StartWorker(_request.RunsFolder, _request.Recipe.Workers.ThreadsPerWorker, device, _request.SigningKey), device);
        }
    }

    /// <summary>It hands back what it has and leaves; others have its micro-batches at once.</summary>
    private void Leave(WorkerProcess worker)
    {
        _workers.Remove(worker);
        _leaving.RemoveAll(t => t.IsCompleted);
        _leaving.Add(worker.Leave(s_leave));
    }
}
