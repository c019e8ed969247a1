using SslOrleans.Client.Training;

namespace SslOrleans.Client.Cluster;

/// <summary>
/// Worker processes that come and go by themselves while a training runs (<c>--workers auto</c>): one for every <c>threadsPerWorker</c>
/// processors that nobody else uses, or one for every GPU that this process sees. One that was killed is replaced, at once or, where the ones before
/// it ended soon too, after a pause. Nothing of this changes a bit.
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
    private readonly StartPause _pause = new(TimeProvider.System);
    private readonly List<Running> _workers = [];
    private readonly List<(WorkerProcess Worker, Task Gone)> _leaving = [];
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
        await Task.WhenAll(_leaving.Select(l => l.Gone));
        _ending.Dispose();
    }

    private async Task Follow()
    {
        var machine = new BusyProcessors();
        while (true)
        {
            // A GPU that this process sees is taken to be its own; processors are everybody's.
            var others = _devices.Count > 0 ? 0 : machine.ByOthers([Environment.ProcessId, .. _workers.Select(w => w.Process.ProcessId), .. _leaving.Select(l => l.Worker.ProcessId)]);
            if (others is { } busy)
                _target.Look(busy);
            Fill();
            while (_workers.Count > _target.Value)
                LeaveLast();
            await Task.Delay(s_look, _ending.Token);
        }
    }

    private void Fill()
    {
        foreach (var gone in _workers.Where(w => !w.Process.IsAlive).ToList())
        {
            _workers.Remove(gone);
            if (_pause.Ended(gone.Lived) is { TotalSeconds: > 0 } pause)
                Console.Error.WriteLine($"{gone.Process.Name} ended {gone.Lived.TotalSeconds:0} s after its start; another worker starts in {pause.TotalSeconds:0} s (its log: {WorkerProcess.LogOf(gone.Process.Name, _request.RunsFolder)})");
        }

        while (_workers.Count < _target.Value && _pause.IsOver)
        {
            var device = _devices.Except(_workers.Select(w => w.Device)).FirstOrDefault() ?? "cpu";
            _workers.Add(new Running(_cluster.StartWorker(_request.RunsFolder, _request.Recipe.Workers.ThreadsPerWorker, device, _request.SigningKey), device));
        }
    }

    /// <summary>The one that came last hands back what it has and leaves; others have its micro-batches at once.</summary>
    private void LeaveLast()
    {
        var last = _workers[^1].Process;
        _workers.RemoveAt(_workers.Count - 1);
        _leaving.RemoveAll(l => l.Gone.IsCompleted);
        _leaving.Add((last, last.Leave(s_leave)));
    }

    private sealed record Running(WorkerProcess Process, string Device)
    {
        private readonly long _started = TimeProvider.System.GetTimestamp();

        public TimeSpan Lived => TimeProvider.System.GetElapsedTime(_started);
    }
}
