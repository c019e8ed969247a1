using System.CommandLine;
using SslOrleans.Client.Cluster;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;
using SslOrleans.Grains.Placement;
using SslOrleans.Silo;
using SslOrleans.Silo.Dashboard;
using SslOrleans.Silo.Membership;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo silo</c>: one process of a cluster.</summary>
public static class SiloCommand
{
    public static Command Build(Screen screen)
    {
        var name = new Option<string?>("--name") { Description = "Name of the silo; its workers are NAME/0, NAME/1 …" };
        var roles = new Option<string>("--roles") { Description = "parameters, standby, worker, separated by commas. By default the first of a cluster is parameters,worker; one that joins on the same machine standby,worker.", DefaultValueFactory = _ => "" };
        var workers = new Option<int?>("--workers") { Description = "Workers on this silo, each a thread with a replica; one a GPU with cuda, else 1." };
        var threads = new Option<int>("--threads") { Description = "libtorch threads of each worker; must be the recipe's.", DefaultValueFactory = _ => 1 };
        var device = new Option<string>("--device") { Description = "cpu, cuda (its workers take the GPUs in turn) or cuda:N.", DefaultValueFactory = _ => "cpu" };
        var port = new Option<int>("--port") { Description = "Port for other silos; a free one by default." };
        var parent = new Option<int>("--parent") { Description = "The process that ends this one; should it be killed, this one ends with the cluster's last run.", Hidden = true };
        var dashboard = CommonOptions.Dashboard();
        var sign = CommonOptions.Sign();
        var runs = CommonOptions.Runs();
        var cluster = new ClusterOptions();
        var command = new Command("silo", "Runs one process of a cluster: the first, or one that joins a training that is running.") { name, roles, workers, threads, device, port, parent, dashboard, sign, runs };
        cluster.AddTo(command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var settings = cluster.Apply(
                parsed,
                new SiloSettings
                {
                    Workers = parsed.GetValue(workers) ?? Devices.Count(parsed.GetValue(device)!),
                    ThreadsPerWorker = parsed.GetValue(threads),
                    Device = parsed.GetValue(device)!,
                    SiloPort = parsed.GetValue(port),
                    SigningKey = parsed.GetValue(sign),
                    Storage = parsed.GetValue(runs)!,
                },
                storageIsImplied: parsed.GetResult(runs) is null or { Implicit: true });
            var isFirst = IsFirst(settings);
            settings = settings with
            {
                Name = parsed.GetValue(name) ?? (settings.Cluster.IsBeyondThisMachine ? $"{Environment.MachineName}-{Environment.ProcessId}" : settings.Name),
                Roles = parsed.GetValue(roles) is { Length: > 0 } said ? Known(said) : DefaultRoles(settings.Cluster.Membership, isFirst),
            };

            // Beyond this machine nobody wants one on every silo: it is served where it is asked for.
            var place = parsed.GetValue(dashboard);
            if (place is not null || (isFirst && !settings.Cluster.IsBeyondThisMachine))
                settings = settings with { Dashboard = DashboardSettings.Parse(place, ProjectFiles.Recipes) };
            await Run(screen, SiloHost.WithPorts(settings), parsed.GetValue(parent), cluster.ReadyFile(parsed), cancellation);
            return ExitCodes.Well;
        });
        return command;
    }

    /// <summary>Nobody is there yet that it could join, as far as can be known before it is started.</summary>
    private static bool IsFirst(SiloSettings settings) => settings.Cluster.Membership switch
    {
        MembershipKind.Folder => new FolderCluster(settings.Cluster.Folder ?? settings.Storage).Living().Count == 0,
        MembershipKind.Primary => settings.Cluster.Primary is null,
        _ => true,
    };

    /// <summary>
    /// On one machine whoever joins holds warm copies, so that no process is special. Between machines they cost traffic, and the silo
    /// that an address leads to holds the cluster together in any case.
    /// </summary>
    private static string DefaultRoles(MembershipKind membership, bool isFirst)
        => isFirst ? $"{Roles.Parameters},{Roles.Worker}" : membership == MembershipKind.Folder ? $"{Roles.Standby},{Roles.Worker}" : Roles.Worker;

    private static string Known(string roles)
        => roles.Split(',').FirstOrDefault(r => !Roles.All.Contains(r)) is { } unknown
            ? throw new UserErrorException($"--roles has \"{unknown}\"; name {string.Join(", ", Roles.All.SkipLast(1))} or {Roles.All[^1]}, separated by commas.")
            : roles;

    private static async Task Run(Screen screen, SiloSettings settings, int parent, string? readyFile, CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var ready = readyFile is null ? null : new ReadyFile(readyFile);
        SupervisedSilo? silo = null;
        var work = parent > 0 ? EndOfWork.Wait(parent, () => silo?.Services, ending.Token) : Task.Delay(Timeout.Infinite, ending.Token);
        using var joining = CancellationTokenSource.CreateLinkedTokenSource(ending.Token);
        _ = work.ContinueWith(_ => joining.Cancel(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
        try
        {
            silo = await SupervisedSilo.StartAsync(settings, screen.Note, takesPart => ready?.Set(takesPart), joining.Token);
        }
        catch (OperationCanceledException) when (work.IsCompletedSuccessfully)
        {
            return;
        }

        await using var joined = silo;
        if (screen.Json)
            screen.JsonLine(new { silo = settings.Name, settings.Roles, address = $"{settings.AdvertisedEndpoint}", dashboard = settings.Dashboard?.Url });
        screen.Line($"silo {settings.Name} ({settings.Roles}) on {settings.AdvertisedEndpoint}{Invitation(settings)}");
        if (settings.Dashboard is { } dashboard)
            screen.Line($"dashboard: {dashboard.Url}");
        using var notice = settings.Cluster.Preemption is { } metadata ? new PreemptionNotice(metadata) : null;
        var preempted = notice?.WaitAsync(ending.Token);
        try
        {
            await Task.WhenAny(preempted ?? work, work);
        }
        finally
        {
            await silo.StopAsync(settings.Cluster.Drain);
        }

        if (preempted is { IsCompletedSuccessfully: true })
        {
            var (kind, id) = await preempted;
            screen.Line($"silo {settings.Name} left before this machine's end ({kind})");
            await notice!.ApproveAsync(id, CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(5), CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await ending.CancelAsync();
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static string Invitation(SiloSettings settings) => settings.Cluster.Membership switch
    {
        MembershipKind.AzureTables => $", cluster {settings.ClusterId ?? Clustering.DefaultClusterId}; clients: {Gateway.Variable}=azure",
        MembershipKind.Primary => $"; add a node with: sslo silo --join {settings.Cluster.Primary ?? settings.AdvertisedEndpoint}",
        _ => $"; add a node with: sslo silo --join {settings.Cluster.Folder ?? settings.Storage}",
    };
}
