using System.Diagnostics;
using System.Text.Json;

namespace SslOrleans.Tests.Chaos;

/// <summary>The console program as a process.</summary>
internal static class SsloProcess
{
    private static readonly string s_program = Path.Combine(AppContext.BaseDirectory, "sslo.dll");

    public static Process Start(params string[] arguments) => Start(_ => { }, arguments);

    public static Process Start(Action<ProcessStartInfo> change, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var argument in new[] { "exec", s_program }.Concat(arguments))
            start.ArgumentList.Add(argument);
        start.Environment["CI"] = "true";
        change(start);
        return Process.Start(start)!;
    }

    /// <summary>Runs to the end; gives exit code and the JSON lines.</summary>
    public static async Task<(int ExitCode, List<JsonElement> Json, string Error)> Run(params string[] arguments)
    {
        using var process = Start([.. arguments, "--json"]);
        var error = process.StandardError.ReadToEndAsync();
        var lines = new List<JsonElement>();
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.StartsWith('{'))
                lines.Add(JsonDocument.Parse(line).RootElement.Clone());
        }

        await process.WaitForExitAsync();
        return (process.ExitCode, lines, await error);
    }
}
