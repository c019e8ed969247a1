using System.Diagnostics;
using SslOrleans.Contracts;

namespace SslOrleans.Client.Chaos;

/// <summary>The system's tools for networks.</summary>
internal static class Shell
{
    public static bool IsThere(string tool)
        => new[] { "/usr/sbin", "/sbin", "/usr/bin", "/bin" }.Any(folder => File.Exists(Path.Combine(folder, tool)));

    public static void Run(params string[] command) => Output(command);

    public static void Try(params string[] command)
    {
        try
        {
            Output(command);
        }
        catch (UserErrorException)
        {
            // It was not there.
        }
    }

    /// <exception cref="UserErrorException">It failed; says what it printed.</exception>
    public static string Output(params string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new UserErrorException($"--hosts: `{string.Join(' ', command)}` failed: {error.Result.Trim().Split('\n')[0]} This machine may not let network namespaces be made.");
    }
}
