using System.Diagnostics;
using SslOrleans.Grains.Placement;

namespace SslOrleans.Tests.Facts;

/// <summary>A parameter silo in a process of its own, <c>sslo silo</c>, to be killed.</summary>
internal sealed class SiloProcess : IDisposable
{
    private readonly Process _process;

    /// <param name="name">Of the silo.</param>
    /// <param name="folder">Where its cluster lives.</param>
    public SiloProcess(string name, string folder)
    {
        _process = Process.Start(new ProcessStartInfo("dotnet",
        [
            "exec", Path.Combine(AppContext.BaseDirectory, "sslo.dll"), "silo", "--name", name, "--roles", Roles.Parameters, "--workers", "0",
            "--runs", folder, "--dashboard", "off", "--parent", $"{Environment.ProcessId}",
        ])
        { RedirectStandardOutput = true, RedirectStandardError = true })!;
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>SIGKILL.</summary>
    public void Kill() => _process.Kill();

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
