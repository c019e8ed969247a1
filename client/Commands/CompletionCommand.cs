using System.CommandLine;
using SslOrleans.Client.CommandLine;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo completion</c>: what a shell runs to complete commands, options, recipes and runs.</summary>
public static class CompletionCommand
{
    /// <param name="screen">Where the script goes.</param>
    /// <param name="root">All commands.</param>
    public static Command Build(Screen screen, RootCommand root)
    {
        var shell = new Argument<string>("shell") { Description = "bash or zsh." };
        shell.AcceptOnlyFromAmong("bash", "zsh");
        var command = new Command("completion", "Prints the completion for a shell: eval \"$(./sslo completion bash)\" in ~/.bashrc.") { shell };
        command.SetAction(parsed =>
        {
            var script = parsed.GetRequiredValue(shell) == "zsh" ? CompletionScript.Zsh(root) : CompletionScript.Bash(root);
            if (screen.Json)
                screen.JsonLine(new { shell = parsed.GetRequiredValue(shell), script });
            else
                screen.Output.Write(script);
            return ExitCodes.Well;
        });
        return command;
    }
}
