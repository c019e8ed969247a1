using System.CommandLine;
using System.Diagnostics;
using SslOrleans.Client.Cluster;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Training;
using SslOrleans.Grains.Placement;
using SslOrleans.Silo;
using SslOrleans.Silo.Dashboard;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo silo</c>: a node, the primary or one that joins a running training.</summary>
public static class SiloCommand
{
    public static Command Build(Screen screen)
    {
        var join = new Option<string?>("--join", "--primary") { Description = "The primary silo to join; without it this silo is the primary.", HelpName = "host:port" };
        var name = new Option<string?>("--name") { Description = "Name of the silo; its workers are NAME/0, NAME/1 …" };
        var roles = new Option<string>("--roles") { Description = "parameters, worker or both, separated by a comma.", DefaultValueFactory = _ => "" };
        var workers = new Option<int?>("--workers") { Description = "Workers on this silo, each a thread with a replica; one a GPU with cuda, else 1." };
        var threads = new Option<int>("--threads") { Description = "libtorch threads of each worker; must be the recipe's.", DefaultValueFactory = _ => 1 };
        var device = new Option<string>("--device") { Description = "cpu or cuda.", DefaultValueFactory = _ => "cpu" };
        var port = new Option<int>("--port") { Description = "Port for other silos; a free one by default." };
        var parent = new Option<int>("--parent") { Description = "Ends when this process ends.", Hidden = true };
        var record = new Option<string?>("--record") { Description = "Folder in which other programs of this machine find this primary; where the runs are by default.", Hidden = true };
        var dashboard = CommonOptions.Dashboard();
        var runs = CommonOptions.Runs();
        var cluster = new ClusterOptions();
        var command = new Command("silo", "Runs a node: the primary, or one that joins a training that is running.") { join, name, roles, workers, threads, device, port, parent, record, dashboard, runs };
        cluster.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var primary = parsed.GetValue(join) is { } address ? HostAndPort.Parse(address, "--join") : null;
            var settings = cluster.Apply(parsed, new SiloSettings
            {
                Name = parsed.GetValue(name) ?? (primary is null ? "primary" : $"node-{Environment.ProcessId}"),
                Primary = primary,
                Roles = parsed.GetValue(roles) is { Length: > 0 } said ? said : primary is null ? $"{Roles.Parameters},{Roles.Worker}" : Roles.Worker,
                Workers = parsed.GetValue(workers) ?? Devices.Count(parsed.GetValue(device)!),
                ThreadsPerWorker = parsed.GetValue(threads),
                Device = parsed.GetValue(device)!,
                SiloPort = parsed.GetValue(port),
                Storage = parsed.GetValue(runs)!,
            });

            // Beyond this machine nobody wants one on every silo: it is served where it is asked for.
            var place = parsed.GetValue(dashboard);
            if (settings.Primary is null && (place is not null || !settings.Cluster.IsBeyondThisMachine))
                settings = settings with { Dashboard = DashboardSettings.Parse(place, ProjectFiles.Recipes) };
            await Run(screen, SiloHost.WithPorts(settings), parsed.GetValue(parent), cluster.ReadyFile(parsed), parsed.GetValue(record), cancellation);
            return ExitCodes.Well;
        });
        return command;
    }

    private static async Task Run(Screen screen, SiloSettings settings, int parent, string? readyFile, string? recordFolder, CancellationToken cancellation)
    {
        recordFolder ??= settings.Storage;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var ready = readyFile is null ? null : new ReadyFile(readyFile);
        var watch = parent > 0 ? WatchParent(parent, ending) : Task.CompletedTask;
        await using var silo = await SupervisedSilo.StartAsync(settings, screen.Note, takesPart => ready?.Set(takesPart), cancellation);

        // A record in the runs folder leads other terminals of this machine here; a cluster is named by SSLO_GATEWAY.
        var recorded = settings.Primary is null && !settings.Cluster.IsBeyondThisMachine;
        if (recorded)
            new SiloRecord(Environment.ProcessId, settings.SiloPort, settings.GatewayPort, settings.ClusterId, settings.Dashboard?.Url).Write(recordFolder);
        screen.Line($"silo {settings.Name} ({settings.Roles}) on {settings.AdvertisedEndpoint}{Invitation(settings)}");
        if (settings.Dashboard is { } dashboard)
            screen.Line($"dashboard: {dashboard.Url}");
        using var notice = settings.Cluster.Preemption is { } metadata ? new PreemptionNotice(metadata) : null;
        var preempted = notice?.WaitAsync(ending.Token);
        try
        {
            await Task.WhenAny(preempted ?? Task.Delay(Timeout.Infinite, ending.Token), Task.Delay(Timeout.Infinite, ending.Token));
        }
        finally
        {
            await silo.StopAsync(settings.Cluster.Drain);
            if (recorded)
                SiloRecord.Remove(recordFolder);
        }

        if (preempted is { IsCompletedSuccessfully: true })
        {
            var (kind, id) = await preempted;
            screen.Line($"silo {settings.Name} left before this machine's end ({kind})");
            await notice!.ApproveAsync(id, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(5), CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await ending.CancelAsync();
        await watch;
    }

    private static string Invitation(SiloSettings settings)
    {
        if (settings.Cluster.InAzureTables)
            return $", cluster {settings.ClusterId}; clients: {Gateway.Variable}=azure";
        var primary = settings.Primary ?? settings.AdvertisedEndpoint;
        return $"; add a node with: sslo silo --join {primary}";
    }

    private static async Task WatchParent(int parent, CancellationTokenSource ending)
    {
        try
        {
            using var process = Process.GetProcessById(parent);
            await process.WaitForExitAsync(ending.Token);

            // Nobody is left to hand micro-batches back to.
            Environment.Exit(ExitCodes.Well);
        }
        catch (OperationCanceledException)
        {
        }
        catch (ArgumentException)
        {
            Environment.Exit(ExitCodes.Well);
        }
    }
}
