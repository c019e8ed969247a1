using System.CommandLine;
using SslOrleans.Client.Cluster;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;
using SslOrleans.Grains.Placement;
using SslOrleans.Silo;
using SslOrleans.Silo.Dashboard;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo dashboard</c>: where the page of the running training is; serves the runs of a folder when none is running.</summary>
public static class DashboardCommand
{
    public static Command Build(Screen screen)
    {
        var runs = CommonOptions.Runs();
        var dashboard = CommonOptions.Dashboard();
        var token = new Option<bool>("--token") { Description = "Prints the token that unlocks the page's actions, and nothing else." };
        var command = new Command("dashboard", "Prints the address of the running training's dashboard. When nothing runs, serves the folder's runs until Ctrl-C.") { runs, dashboard, token };
        command.SetAction(async (parsed, cancellation) =>
        {
            var folder = parsed.GetRequiredValue(runs);
            if (parsed.GetValue(token))
                return Token(screen, folder);
            if (SiloRecord.Find(folder) is { } primary)
            {
                if (primary.Dashboard is null)
                    throw new UserErrorException($"The training in {folder} was started with --dashboard off; start it without.");
                Say(screen, primary.Dashboard);
                return ExitCodes.Well;
            }

            await Serve(screen, folder, parsed.GetValue(dashboard), cancellation);
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

    private static async Task Serve(Screen screen, string folder, string? where, CancellationToken cancellation)
    {
        var settings = DashboardSettings.Parse(where, ProjectFiles.Recipes) ?? throw new UserErrorException("--dashboard off leaves nothing to do; name a port or leave it out.");
        await using var cluster = await ClusterConnection.StartPrimary(
            new SiloSettings { Name = "primary", Roles = Roles.Parameters, Workers = 0, Storage = folder, Dashboard = settings }, cancellation);
        Say(screen, cluster.Primary.Dashboard!);
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
