using System.CommandLine;
using SslOrleans.Client.Cluster;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;
using SslOrleans.Grains.Placement;
using SslOrleans.Silo;
using SslOrleans.Silo.Dashboard;
using SslOrleans.Silo.Membership;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo dashboard</c>: where the page of the running training is; serves it when nobody does, as one more silo of its cluster.</summary>
public static class DashboardCommand
{
    public static Command Build(Screen screen)
    {
        var runs = CommonOptions.Runs();
        var dashboard = CommonOptions.Dashboard();
        var token = new Option<bool>("--token") { Description = "Prints the token that unlocks the page's actions, and nothing else." };
        var command = new Command("dashboard", "Prints the address of the running training's dashboard. When nobody serves one, serves the folder's runs until Ctrl-C.") { runs, dashboard, token };
        command.SetAction(async (parsed, cancellation) =>
        {
            var folder = parsed.GetRequiredValue(runs);
            if (parsed.GetValue(token))
                return Token(screen, folder);
            var living = new FolderCluster(folder).Living();
            if (living.FirstOrDefault(s => s.Dashboard is not null) is { } serving)
            {
                Say(screen, serving.Dashboard!);
                return ExitCodes.Well;
            }

            await Serve(screen, folder, parsed.GetValue(dashboard), living.Count > 0, cancellation);
            return ExitCodes.Well;
        });
        return command;
    }

    private static int Token(Screen screen, string folder)
    {
        var key = DashboardKey.Find(folder) ?? throw new UserErrorException($"No dashboard was served from {folder} yet; name the folder of the training with --runs.");
        if (screen.Json)
            screen.JsonLine(new { token = key.Token });
        else
            screen.Line(key.Token);
        return ExitCodes.Well;
    }

    private static async Task Serve(Screen screen, string folder, string? where, bool joins, CancellationToken cancellation)
    {
        var settings = DashboardSettings.Parse(where, ProjectFiles.Recipes) ?? throw new UserErrorException("--dashboard off leaves nothing to do; name a port or leave it out.");
        await using var cluster = await ClusterConnection.Start(
            new SiloSettings { Name = $"dashboard-{Environment.ProcessId}", Roles = joins ? Roles.Standby : Roles.Parameters, Workers = 0, Storage = folder, Dashboard = settings }, cancellation);
        Say(screen, cluster.Dashboard!);
        screen.Note("Ctrl-C ends it");
        await Task.Delay(Timeout.Infinite, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static void Say(Screen screen, string address)
    {
        if (screen.Json)
            screen.JsonLine(new { dashboard = address });
        else
            screen.Line($"dashboard: {address}");
    }
}
