using System.Diagnostics;
using System.Globalization;

namespace SslOrleans.Conformance;

/// <summary>A silo in a process of its own, to be killed, stopped or ended.</summary>
public sealed class ChildSilo : IDisposable
{
    private readonly Process _process;

    private ChildSilo(Process process, SiloPorts ports)
    {
        _process = process;
        Ports = ports;
    }

    public SiloPorts Ports { get; }

    public static async Task<ChildSilo> StartAsync(SiloPorts ports, string name, string role = "worker")
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } path && path.EndsWith("dotnet", StringComparison.Ordinal) ? path : "dotnet")
        {
            RedirectStandardOutput = true,
            ArgumentList = { "exec", typeof(ChildSilo).Assembly.Location },
        };
        foreach (var argument in new object[] { ports.Silo, ports.Gateway, ports.Primary, ports.ClusterId, name, role })
            start.ArgumentList.Add(Convert.ToString(argument, CultureInfo.InvariantCulture)!);
        var process = Process.Start(start)!;
        while (await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(60)) is { } line)
        {
            if (line == "up")
                return new ChildSilo(process, ports);
        }
        throw new InvalidOperationException($"The silo process ended with {process.ExitCode} before it was up.");
    }

    public void Kill() => Signal("KILL");

    public void Hang() => Signal("STOP");

    public void Continue() => Signal("CONT");

    public async Task EndAsync()
    {
        Signal("TERM");
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(90));
    }

    public Task ExitedAsync() => _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(90));

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }
}
