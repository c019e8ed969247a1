using System.CommandLine;
using SslOrleans.Client.Cluster;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Commands;

namespace SslOrleans.Client;

/// <summary>All commands; each is built by its own file in Commands/.</summary>
public static class CommandTree
{
    public static RootCommand Build(Screen screen)
    {
        var sessions = new GrainTrainingSessions();
        var root = new RootCommand("Self-supervised training on elastic workers: kill any of them at any time, and the weights come out the same, bit for bit.")
        {
            CommonOptions.Json(),
            QuickstartCommand.Build(screen),
            TrainCommand.Build(screen, sessions),
            SiloCommand.Build(screen),
            WorkersCommand.Build(screen),
            DashboardCommand.Build(screen),
            MetricsCommand.Build(screen),
            ReportCommand.Build(screen),
            ExportCommand.Build(screen),
            EvaluateCommand.Build(screen),
            EmbedCommand.Build(screen),
            PicturesCommand.Build(screen),
            SweepCommand.Build(screen, sessions),
            StudyCommand.Build(screen, sessions),
            TableCommand.Build(screen, sessions),
            AuditCommand.Build(screen),
            KeyCommand.Build(screen),
            ChaosCommand.Build(screen),
            DataCommand.Build(screen),
            RecipeCommand.Build(screen),
            MethodsCommand.Build(screen),
            LossCommand.Build(screen),
            BenchCommand.Build(screen),
            SimulateCommand.Build(screen),
            DoctorCommand.Build(screen),
        };
        foreach (var command in RunCommands.Build(screen, sessions))
            root.Add(command);
        root.Add(CompletionCommand.Build(screen, root));
        return root;
    }
}
