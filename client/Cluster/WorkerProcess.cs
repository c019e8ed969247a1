using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using SslOrleans.Grains.Placement;

namespace SslOrleans.Client.Cluster;

/// <summary>A silo in a process of its own on this machine, most often with a worker.</summary>
public sealed partial class WorkerProcess : IDisposable
{
    private const int SigTerm = 15;
    private const int SigCont = 18;
    private const int SigStop = 19;

    private readonly Process _process;

    private WorkerProcess(string name, string role, Process process) => (Name, Role, _process) = (name, role, process);

    /// <summary>Name of its silo.</summary>
    public string Name { get; }

    /// <summary>One of <see cref="Roles"/>.</summary>
    public string Role { get; }

    public int ProcessId => _process.Id;

    public bool IsAlive => !_process.HasExited;

    /// <summary>Starts one that joins the primary and ends with this process.</summary>
    public static WorkerProcess Start(string name, int primaryPort, string runsFolder, int threads, string device, string role = Roles.Worker)
        => Start(name, role, runsFolder, Arguments(name, primaryPort, runsFolder, threads, device, Environment.ProcessId, role));

    /// <summary>Starts a primary without workers that ends with this process.</summary>
    public static WorkerProcess StartPrimary(string name, string runsFolder)
        => Start(name, Roles.Parameters, runsFolder,
        [
            .. Program, "silo", "--name", name, "--roles", Roles.Parameters, "--workers", "0", "--runs", runsFolder, "--dashboard", "off",
            "--parent", Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
        ]);

    private static WorkerProcess Start(string name, string role, string runsFolder, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        var process = Process.Start(start)!;
        _ = Keep(process, LogOf(name, runsFolder));
        return new WorkerProcess(name, role, process);
    }

    /// <summary>Starts one that outlives this process and ends with the primary.</summary>
    public static void StartDetached(string name, SiloRecord primary, string runsFolder, int threads, string device)
    {
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        string[] all =
        [
            "-c", "log=$1; shift; setsid \"$@\" >\"$log\" 2>&1 </dev/null &", "sh", LogOf(name, runsFolder),
            Environment.ProcessPath!, .. Arguments(name, primary.SiloPort, runsFolder, threads, device, primary.ProcessId),
        ];
        foreach (var argument in all)
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        process.WaitForExit();
    }

    private static string[] Program
        => Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? ["exec", typeof(WorkerProcess).Assembly.Location] : [];

    private static IEnumerable<string> Arguments(string name, int primaryPort, string runsFolder, int threads, string device, int parent, string role = Roles.Worker) =>
    [
        .. Program, "silo", "--join", $"127.0.0.1:{primaryPort}", "--name", name, "--roles", role, "--runs", runsFolder,
        "--threads", threads.ToString(CultureInfo.InvariantCulture), "--device", device, "--workers", role == Roles.Worker ? "1" : "0",
        "--parent", parent.ToString(CultureInfo.InvariantCulture),
    ];

    /// <summary>A worker of this name has left a log here; its name is not used again.</summary>
    public static bool WasUsed(string name, string runsFolder) => File.Exists(Path.Combine(runsFolder, ".workers", name + ".log"));

    private static string LogOf(string name, string runsFolder)
        => Path.Combine(Directory.CreateDirectory(Path.Combine(runsFolder, ".workers")).FullName, name + ".log");

    /// <summary>SIGKILL.</summary>
    public void Kill() => _process.Kill();

    /// <summary>SIGTERM: it hands back its micro-batches and leaves.</summary>
    public void Leave() => _ = Signal(_process.Id, SigTerm);

    /// <summary>SIGSTOP: it hangs, its connections stay open.</summary>
    public void Hang() => _ = Signal(_process.Id, SigStop);

    /// <summary>SIGCONT.</summary>
    public void GoOn() => _ = Signal(_process.Id, SigCont);

    /// <summary>Kills it if it lives and waits until it is gone.</summary>
    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static async Task Keep(Process process, string path)
    {
        await using var log = new StreamWriter(path) { AutoFlush = true };
        var writing = new Lock();
        await Task.WhenAll(Copy(process.StandardOutput), Copy(process.StandardError));

        async Task Copy(StreamReader from)
        {
            while (await from.ReadLineAsync() is { } line)
            {
                lock (writing)
                    log.WriteLine(line);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Signal(int pid, int signal);
}
