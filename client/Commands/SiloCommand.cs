using System.CommandLine;
using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Hosting;
using SslOrleans.Client.Cluster;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;
using SslOrleans.Grains.Placement;
using SslOrleans.Silo;
using SslOrleans.Silo.Dashboard;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo silo</c>: a node, the primary or one that joins a running training.</summary>
public static class SiloCommand
{
    public static Command Build(Screen screen)
    {
        var join = new Option<string?>("--join") { Description = "The primary silo to join; without it this silo is the primary.", HelpName = "127.0.0.1:port" };
        var name = new Option<string?>("--name") { Description = "Name of the silo; its workers are NAME/0, NAME/1 …" };
        var roles = new Option<string>("--roles") { Description = "parameters, worker or both, separated by a comma.", DefaultValueFactory = _ => "" };
        var workers = new Option<int>("--workers") { Description = "Workers on this silo, each a thread with a replica.", DefaultValueFactory = _ => 1 };
        var threads = new Option<int>("--threads") { Description = "libtorch threads of each worker; must be the recipe's.", DefaultValueFactory = _ => 1 };
        var device = new Option<string>("--device") { Description = "cpu or cuda.", DefaultValueFactory = _ => "cpu" };
        var port = new Option<int>("--port") { Description = "Port for other silos; a free one by default." };
        var parent = new Option<int>("--parent") { Description = "Ends when this process ends.", Hidden = true };
        var dashboard = CommonOptions.Dashboard();
        var runs = CommonOptions.Runs();
        var command = new Command("silo", "Runs a node: the primary, or one that joins a training that is running.") { join, name, roles, workers, threads, device, port, parent, dashboard, runs };
        command.SetAction(async (parsed, cancellation) =>
        {
            var primary = parsed.GetValue(join) is { } address ? Parse(address) : null;
            var settings = SiloHost.WithPorts(new SiloSettings
            {
                Name = parsed.GetValue(name) ?? (primary is null ? "primary" : $"node-{Environment.ProcessId}"),
                Primary = primary,
                Roles = parsed.GetValue(roles) is { Length: > 0 } said ? said : primary is null ? $"{Roles.Parameters},{Roles.Worker}" : Roles.Worker,
                Workers = parsed.GetValue(workers),
                ThreadsPerWorker = parsed.GetValue(threads),
                Device = parsed.GetValue(device)!,
                SiloPort = parsed.GetValue(port),
                Storage = parsed.GetValue(runs)!,
                Dashboard = primary is null ? DashboardSettings.Parse(parsed.GetValue(dashboard), ProjectFiles.Recipes) : null,
            });
            await Run(screen, settings, parsed.GetValue(parent), cancellation);
            return ExitCodes.Well;
        });
        return command;
    }

    private static async Task Run(Screen screen, SiloSettings settings, int parent, CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var host = SiloHost.Build(settings);
        await host.StartAsync(cancellation);
        if (settings.Primary is null)
            new SiloRecord(Environment.ProcessId, settings.SiloPort, settings.GatewayPort, settings.ClusterId, settings.Dashboard?.Url).Write(settings.Storage);
        screen.Line($"silo {settings.Name} ({settings.Roles}) on 127.0.0.1:{settings.SiloPort}; add a node with: sslo silo --join 127.0.0.1:{(settings.Primary?.Port ?? settings.SiloPort)}");
        if (settings.Dashboard is { } dashboard)
            screen.Line($"dashboard: {dashboard.Url}");
        var watch = parent > 0 ? WatchParent(parent, ending) : Task.CompletedTask;
        try
        {
            await host.WaitForShutdownAsync(ending.Token);
        }
        finally
        {
            if (settings.Primary is null)
                SiloRecord.Remove(settings.Storage);
        }

        await watch;
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

    private static IPEndPoint Parse(string address)
        => IPEndPoint.TryParse(address, out var endpoint) && endpoint.Port > 0
            ? endpoint
            : throw new UserErrorException($"--join is \"{address}\"; write it as 127.0.0.1:PORT, the line that the primary printed.");
}
