using SslOrleans.Client.Cluster;
using SslOrleans.Client.Training;
using SslOrleans.Grains.Placement;

namespace SslOrleans.Client.Chaos;

/// <summary>A process of the cluster, and the links over which it reaches the primary and is reached by others.</summary>
/// <param name="process">The silo.</param>
/// <param name="toPrimary">From it to the primary; null: there is no relay between.</param>
/// <param name="toItself">From those that call it to it; null: there is no relay between.</param>
internal sealed class ChaosNode(WorkerProcess process, ChaosLink? toPrimary = null, ChaosLink? toItself = null) : IChaosVictim, IDisposable
{
    private static readonly TimeSpan s_leave = TimeSpan.FromSeconds(1.5);

    public string Name => process.Name;

    public string Role => process.Role;

    public int ProcessId => process.ProcessId;

    public bool IsAlive => process.IsAlive;

    /// <summary>One more process that joins the primary at this port.</summary>
    /// <param name="name">Name of its silo.</param>
    /// <param name="role">One of <see cref="Roles"/>.</param>
    /// <param name="primaryPort">Where the primary listens.</param>
    /// <param name="request">The run that it is for.</param>
    /// <param name="linked">Its network can be cut.</param>
    public static ChaosNode Start(string name, string role, int primaryPort, TrainingRequest request, bool linked)
    {
        var toPrimary = linked ? new ChaosLink(primaryPort) : null;
        var port = linked && role == Roles.Parameters ? ChaosPorts.Find() : 0;
        var toItself = port > 0 ? new ChaosLink(port) : null;
        string[] more = toItself is null ? [] : ["--port", $"{port}", "--advertise", $"127.0.0.1:{toItself.Port}"];
        var process = WorkerProcess.Start(
            name, toPrimary?.Port ?? primaryPort, request.RunsFolder, request.Recipe.Workers.ThreadsPerWorker, "cpu", role, request.Storage, more);
        return new ChaosNode(process, toPrimary, toItself);
    }

    public string Detail(ChaosEvent e) => e.Action != ChaosAction.Partition
        ? ""
        : FormattableString.Invariant($"from {(e.FromPeers ? "workers and parameter silos" : "the primary")} for {e.Seconds:0.0} s, then {(e.Revive ? "all arrives late" : "broken")}");

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
            case ChaosAction.Partition when (e.FromPeers ? toItself : toPrimary) is { } link:
                link.Cut();
                await ChaosPause.Wait(TimeSpan.FromSeconds(e.Seconds), over);
                link.Heal(e.Revive);
                break;
        }
    }

    /// <summary>The process is gone, and its links with it.</summary>
    public void Unlink()
    {
        toPrimary?.Dispose();
        toItself?.Dispose();
    }

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
