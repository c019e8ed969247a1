using System.CommandLine;
using SslOrleans.Client.Commands;

namespace SslOrleans.Client.CommandLine;

/// <summary>All commands; each is built by its own file in Commands/.</summary>
public static class CommandTree
{
    public static RootCommand Build(Screen screen)
    {
        var root = new RootCommand("Self-supervised training on elastic workers: kill any of them at any time, and the weights come out the same, bit for bit.")
        {
            CommonOptions.Json(),
            RecipeCommand.Build(screen),
            MethodsCommand.Build(screen),
#if DEV
            Dev.DevCommand.Build(screen),
#endif
        };
        return root;
    }
}
