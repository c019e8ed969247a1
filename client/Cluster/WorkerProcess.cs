using System.Diagnostics;
using System.Globalization;
using SslOrleans.Grains.Placement;

namespace SslOrleans.Client.Cluster;

/// <summary>A silo in a process of its own on this machine, most often with a worker.</summary>
public sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;

    private WorkerProcess(string name, string role, Process process) => (Name, Role, _process) = (name, role, process);

    /// <summary>Name of its silo.</summary>
    public string Name { get; }

    /// <summary>One of <see cref="Roles"/>.</summary>
    public string Role { get; }

    public int ProcessId => _process.Id;

    public bool IsAlive => !_process.HasExited;

    /// <summary>Starts one that joins the primary and ends with this process.</summary>
    /// <param name="name">Name of its silo.</param>
    /// <param name="primaryPort">Where it joins.</param>
    /// <param name="runsFolder">Folder for its log.</param>
    /// <param name="threads">libtorch threads of its worker.</param>
    /// <param name="device">cpu or cuda.</param>
    /// <param name="role">One of <see cref="Roles"/>.</param>
    /// <param name="storage">Where runs are kept; null: in the folder.</param>
    /// <param name="more">Further options of <c>sslo silo</c>.</param>
    public static WorkerProcess Start(
        string name, int primaryPort, string runsFolder, int threads, string device, string role = Roles.Worker, string? storage = null, IReadOnlyList<string>? more = null)
        => Start(name, role, runsFolder, [.. Arguments(name, primaryPort, storage ?? runsFolder, threads, device, Environment.ProcessId, role), .. more ?? []]);

    /// <summary>Starts a primary without workers that ends with this process; its record lies in the folder.</summary>
    public static WorkerProcess StartPrimary(string name, string runsFolder, string? storage = null)
        => Start(name, Roles.Parameters, runsFolder,
        [
            .. Program, "silo", "--name", name, "--roles", Roles.Parameters, "--workers", "0", "--runs", storage ?? runsFolder, "--record", runsFolder, "--dashboard", "off",
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

    private static IEnumerable<string> Arguments(string name, int primaryPort, string storage, int threads, string device, int parent, string role = Roles.Worker) =>
    [
        .. Program, "silo", "--join", $"127.0.0.1:{primaryPort}", "--name", name, "--roles", role, "--runs", storage,
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
    public void Leave() => Signals.End(_process);

    /// <summary>The same, and waits; one that has not left by the limit is killed.</summary>
    public async Task Leave(TimeSpan limit)
    {
        Leave();
        await _process.WaitForExitAsync().WaitAsync(limit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (IsAlive)
            Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGSTOP: it hangs, its connections stay open.</summary>
    public void Hang() => Signals.Hang(_process);

    /// <summary>SIGCONT.</summary>
    public void GoOn() => Signals.GoOn(_process);

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
}
