using SslOrleans.Client.Cluster;
using SslOrleans.Client.Training;
using SslOrleans.Grains.Placement;

namespace SslOrleans.Client.Chaos;

/// <summary>A process of the cluster, and the link over which others reach it.</summary>
/// <param name="process">The silo.</param>
/// <param name="target">What it is there for.</param>
/// <param name="link">From those that call it to it; null: there is no relay between.</param>
internal sealed class ChaosNode(WorkerProcess process, ChaosTarget target, ChaosLink? link = null) : IChaosVictim, IDisposable
{
    private static readonly TimeSpan s_leave = TimeSpan.FromSeconds(1.5);

    public string Name => process.Name;

    public ChaosTarget Target => target;

    public bool IsAlive => process.IsAlive;

    /// <summary>One more process that joins the cluster of the runs folder, or is its first.</summary>
    /// <param name="name">Name of its silo.</param>
    /// <param name="target">What it is there for.</param>
    /// <param name="request">The run that it is for.</param>
    /// <param name="linked">Its network can be cut.</param>
    public static ChaosNode Start(string name, ChaosTarget target, TrainingRequest request, bool linked)
    {
        var port = linked ? ChaosPorts.Find() : 0;
        var link = linked ? new ChaosLink(port) : null;
        string[] more = link is null ? [] : ["--port", $"{port}", "--advertise", $"127.0.0.1:{link.Port}"];
        var role = target == ChaosTarget.Workers ? Roles.Worker : Roles.Parameters;
        return new ChaosNode(WorkerProcess.Start(name, request.RunsFolder, request.Recipe.Workers.ThreadsPerWorker, "cpu", role, request.Storage, more), target, link);
    }

    public string Detail(ChaosEvent e) => e.Action != ChaosAction.Partition
        ? ""
        : FormattableString.Invariant($"for {e.Seconds:0.0} s, then {(e.Revive ? "all arrives late" : "broken")}");

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
            case ChaosAction.Partition when link is not null:
                link.Cut();
                await ChaosPause.Wait(TimeSpan.FromSeconds(e.Seconds), over);
                link.Heal(e.Revive);
                break;
        }
    }

    /// <summary>The process is gone, and its link with it.</summary>
    public void Unlink() => link?.Dispose();

    /// <summary>It is asked to end, also when it hangs, and killed when it does not.</summary>
    public Task Leave()
    {
        if (IsAlive)
            process.GoOn();
        return process.Leave(s_leave);
    }

    public void Dispose()
    {
        process.Dispose();
        Unlink();
    }
}
