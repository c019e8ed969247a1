using SslOrleans.Client.Cluster;
using SslOrleans.Client.Training;
using SslOrleans.Grains.Placement;

namespace SslOrleans.Client.Chaos;

/// <summary>A process of the cluster, on this machine's own network or on a host of a <see cref="HostNetwork"/>.</summary>
/// <param name="process">The silo.</param>
/// <param name="target">What it is there for.</param>
/// <param name="network">Of its host; null: this machine's.</param>
/// <param name="host">Its host.</param>
internal sealed class ChaosNode(WorkerProcess process, ChaosTarget target, HostNetwork? network = null, int host = 0) : IChaosVictim, IDisposable
{
    private static readonly TimeSpan s_leave = TimeSpan.FromSeconds(1.5);

    public string Name => process.Name;

    public ChaosTarget Target => target;

    public bool IsAlive => process.IsAlive;

    /// <summary>One more process that joins the cluster of the runs folder, or is its first.</summary>
    /// <param name="name">Name of its silo.</param>
    /// <param name="target">What it is there for.</param>
    /// <param name="request">The run that it is for.</param>
    /// <param name="network">Hosts to start it on; null: here.</param>
    /// <param name="host">Which of them.</param>
    public static ChaosNode Start(string name, ChaosTarget target, TrainingRequest request, HostNetwork? network, int host)
    {
        var role = target == ChaosTarget.Workers ? Roles.Worker : Roles.Parameters;
        var threads = request.Recipe.Workers.ThreadsPerWorker;
        var process = network is null
            ? WorkerProcess.Start(name, request.RunsFolder, threads, "cpu", role, request.Storage)
            : WorkerProcess.Start(name, request.RunsFolder, threads, "cpu", role, request.Storage, $"{HostNetwork.First}", ["--advertise", $"{HostNetwork.Address(host)}"], network.On(host));
        return new ChaosNode(process, target, network, host);
    }

    public string Detail(ChaosEvent e) => e.Action != ChaosAction.Partition
        ? ""
        : FormattableString.Invariant($"host {host} {e.Fault.ToString().ToLowerInvariant()} for {e.Seconds:0.0} s");

    public async Task Suffer(ChaosEvent e, Func<bool> over)
    {
        switch (e.Action)
        {
            case ChaosAction.Kill:
                process.Kill();
                break;
            case ChaosAction.Leave:
                process.Leave();
                break;
            case ChaosAction.Hang:
                process.Hang();
                await Task.Delay(ChaosPause.Hang);
                if (e.Revive)
                    process.GoOn();
                else
                    process.Kill();
                break;
            case ChaosAction.Slow:
                await ChaosPause.Stutter(process.Hang, process.GoOn);
                break;
            case ChaosAction.Partition when network is not null:
                network.Begin(host, e.Fault);
                await ChaosPause.Wait(TimeSpan.FromSeconds(e.Seconds), over);
                network.End(host, e.Fault);
                break;
        }
    }

    /// <summary>It is asked to end, also when it hangs, and killed when it does not.</summary>
    public Task Leave()
    {
        if (IsAlive)
            process.GoOn();
        return process.Leave(s_leave);
    }

    public void Dispose() => process.Dispose();
}
