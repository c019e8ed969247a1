using System.Diagnostics;

namespace SslOrleans.Client.Bench;

/// <summary>A process run to its end, with what it wrote.</summary>
public static class Subprocess
{
    public static async Task<(int Code, string Output, string Error)> Run(
        string file, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment, TimeSpan patience, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{file} did not start.");
        process.StandardInput.Close();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(patience);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellation.ThrowIfCancellationRequested();
            throw new TimeoutException($"{Path.GetFileName(file)} did not end within {patience.TotalMinutes:F0} minutes.");
        }
    }

    /// <summary>This program again, as another process.</summary>
    public static Task<(int Code, string Output, string Error)> RunSelf(IEnumerable<string> arguments, TimeSpan patience, CancellationToken cancellation)
        => RunAssembly(typeof(Subprocess).Assembly.Location, arguments, patience, cancellation);

    /// <summary>A built program, as another process of the runtime that runs this one.</summary>
    public static Task<(int Code, string Output, string Error)> RunAssembly(string program, IEnumerable<string> arguments, TimeSpan patience, CancellationToken cancellation)
    {
        var host = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        return Run(host, ["exec", program, .. arguments], null, patience, cancellation);
    }
}
