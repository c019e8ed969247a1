using System.CommandLine;
using SslOrleans.Client.Commands;
using SslOrleans.Client.Training;

namespace SslOrleans.Client.CommandLine;

/// <summary>All commands; each is built by its own file in Commands/.</summary>
public static class CommandTree
{
    public static RootCommand Build(Screen screen)
    {
        var sessions = new LocalTrainingSessions();
        var root = new RootCommand("Self-supervised training on elastic workers: kill any of them at any time, and the weights come out the same, bit for bit.")
        {
            CommonOptions.Json(),
            QuickstartCommand.Build(screen, sessions),
            TrainCommand.Build(screen, sessions),
            DataCommand.Build(screen),
            RecipeCommand.Build(screen),
            MethodsCommand.Build(screen),
            BenchCommand.Build(screen),
            DoctorCommand.Build(screen),
        };
        return root;
    }
}
