using System.CommandLine;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Commands;
using SslOrleans.Contracts;
using SslOrleans.Learning.Native;

namespace SslOrleans.Client;

/// <summary>Parses, runs and turns what goes wrong into one line and an exit code.</summary>
public static class SsloProgram
{
    /// <summary>0: well. 1: failed. 2: the user's mistake. 3: something is missing on this machine. 130: Ctrl-C.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, Screen screen, Interruption interruption)
    {
        var root = CommandTree.Build(screen);
        var parsed = root.Parse(args.Count == 0 ? ["--help"] : args);
        if (ParseErrors.Describe(parsed) is { } mistake)
        {
            screen.Note($"sslo: {mistake}");
            return ExitCodes.UserMistake;
        }

        screen.Json = parsed.GetValue<bool>("--json");
        var configuration = new InvocationConfiguration
        {
            Output = screen.Output,
            Error = screen.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null, // Interruption listens to the signals.
        };
        try
        {
            // The doctor says himself what is wrong with it, and help needs none.
            var command = parsed.CommandResult.Command;
            if (command.Name != DoctorCommand.Name && parsed.Action == command.Action)
                LibTorch.Load();
            var code = await parsed.InvokeAsync(configuration, interruption.Token);
            return interruption.ExitCode != 0 ? interruption.ExitCode : code;
        }
        catch (OperationCanceledException) when (interruption.Token.IsCancellationRequested)
        {
            return interruption.ExitCode;
        }
        catch (UserErrorException e)
        {
            screen.Note($"sslo: {e.Message}");
            return ExitCodes.UserMistake;
        }
        catch (LibTorchException e)
        {
            screen.Note($"sslo: {e.Message}");
            return ExitCodes.Missing;
        }
        catch (Exception e) when (Environment.GetEnvironmentVariable("SSLO_TRACE") != "1")
        {
            screen.Note($"sslo: {OneLine(e)} (SSLO_TRACE=1 prints where).");
            return ExitCodes.Failed;
        }
    }

    private static string OneLine(Exception e)
    {
        while (e is AggregateException or TypeInitializationException or System.Reflection.TargetInvocationException && e.InnerException is not null)
            e = e.InnerException;
        var text = e.Message.Split('\n', 2)[0].Trim();
        return $"{e.GetType().Name}: {text}";
    }
}
