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

    /// <summary>Starts one that joins the folder's cluster. It ends with this process or, should this one be killed, with the cluster's last run.</summary>
    /// <param name="name">Name of its silo.</param>
    /// <param name="runsFolder">Folder of the cluster, and of its log.</param>
    /// <param name="threads">libtorch threads of its worker.</param>
    /// <param name="device">cpu or cuda.</param>
    /// <param name="role">One of <see cref="Roles"/>; a worker holds warm copies too.</param>
    /// <param name="storage">Where runs are kept; null: in the folder.</param>
    /// <param name="join">HOST:PORT of the cluster's first silo; null: the folder's cluster.</param>
    /// <param name="more">Further options of <c>sslo silo</c>.</param>
    /// <param name="on">What comes before the program to run it elsewhere, in a network of its own say; must become the program by <c>exec</c>.</param>
    public static WorkerProcess Start(
        string name, string runsFolder, int threads, string device, string role = Roles.Worker, string? storage = null, string? join = null, IReadOnlyList<string>? more = null, IReadOnlyList<string>? on = null)
    {
        // Its log is its own and not a pipe to this process, which it may outlive.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$@\" >\"$0\" 2>&1 </dev/null", LogOf(name, runsFolder), .. on ?? [], Environment.ProcessPath!, .. Arguments(name, join ?? runsFolder, storage ?? runsFolder, threads, device, role), .. more ?? []]);
        return new WorkerProcess(name, role, Process.Start(start)!);
    }

    /// <summary>Starts one that outlives this process and ends with the cluster's last run.</summary>
    public static void StartDetached(string name, string runsFolder, int threads, string device)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", "log=$1; shift; setsid \"$@\" >\"$log\" 2>&1 </dev/null &", "sh", LogOf(name, runsFolder), Environment.ProcessPath!, .. Arguments(name, runsFolder, runsFolder, threads, device, Roles.Worker)]);
        using var process = Process.Start(start)!;
        process.WaitForExit();
    }

    private static string[] Program
        => Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? ["exec", typeof(WorkerProcess).Assembly.Location] : [];

    private static IEnumerable<string> Arguments(string name, string join, string storage, int threads, string device, string role) =>
    [
        .. Program, "silo", "--join", join, "--name", name, "--roles", role == Roles.Worker ? $"{Roles.Standby},{Roles.Worker}" : role, "--runs", storage,
        "--threads", threads.ToString(CultureInfo.InvariantCulture), "--device", device, "--workers", role == Roles.Worker ? "1" : "0",
        "--parent", Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
    ];

    /// <summary>A worker of this name has left a log here; its name is not used again.</summary>
    public static bool WasUsed(string name, string runsFolder) => File.Exists(Path.Combine(runsFolder, ".workers", name + ".log"));

    /// <summary>Where a worker of this name writes.</summary>
    public static string LogOf(string name, string runsFolder)
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
}
