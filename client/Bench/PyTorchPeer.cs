using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using SslOrleans.Client.CommandLine;
using SslOrleans.Silo;

namespace SslOrleans.Client.Bench;

/// <summary>The same work in plain PyTorch and torchvision, as a process of its own that prints one line of JSON.</summary>
/// <param name="python">An interpreter that has torch and torchvision.</param>
/// <param name="script">The peer's script.</param>
public sealed class PyTorchPeer(string python, string script)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(20);

    public string Python { get; } = python;

    public string Script { get; } = script;

    /// <summary>The peer, or in a line why there is none.</summary>
    /// <param name="script">A file of bench/peers.</param>
    /// <param name="python">The interpreter; null: the first that has torch and torchvision.</param>
    public static (PyTorchPeer? Peer, string Why) Find(string script, string? python)
    {
        var path = Path.Combine(ProjectFiles.Root, "bench", "peers", script);
        if (!File.Exists(path))
            return (null, $"{path} does not exist; it comes with the repository");
        if (FindPython(python) is { } found)
            return (new PyTorchPeer(found, path), "");
        var what = python is not null ? $"--python {python} is no Python with torch and torchvision"
            : FindPython(null, "json") is null ? "no python3"
            : FindPython(null, "torch") is null ? "python3 has no torch"
            : "python3 has no torchvision";
        return (null, $"{what} (apt-get install -y --no-install-recommends python3-torch python3-torchvision)");
    }

    /// <summary>The first interpreter that has the packages; torch and torchvision when none is named.</summary>
    public static string? FindPython(string? wanted, params string[] packages)
    {
        string[] candidates = wanted is null ? ["/usr/bin/python3", "python3"] : [wanted];
        return candidates.FirstOrDefault(c => Has(c, packages.Length > 0 ? packages : ["torch", "torchvision"]));
    }

    /// <summary>Runs the script to its end.</summary>
    /// <returns>The JSON that it printed.</returns>
    public Task<JsonObject> Run(IEnumerable<string> arguments, CancellationToken cancellation) => Run(arguments, null, cancellation);

    /// <summary>Runs it as several processes under DistributedDataParallel with gloo.</summary>
    public async Task<JsonObject> RunDistributed(IReadOnlyList<string> arguments, int processes, CancellationToken cancellation)
    {
        var port = FreePorts.Find();
        var ranks = Enumerable.Range(0, processes).Select(rank => Run(arguments, new Dictionary<string, string>
        {
            ["RANK"] = rank.ToString(CultureInfo.InvariantCulture),
            ["WORLD_SIZE"] = processes.ToString(CultureInfo.InvariantCulture),
            ["MASTER_ADDR"] = "127.0.0.1",
            ["MASTER_PORT"] = port.ToString(CultureInfo.InvariantCulture),
        }, cancellation)).ToList();
        var results = await Task.WhenAll(ranks);
        return results[0];
    }

    private async Task<JsonObject> Run(IEnumerable<string> arguments, Dictionary<string, string>? environment, CancellationToken cancellation)
    {
        var (code, output, error) = await Subprocess.Run(Python, [Script, .. arguments], environment, s_patience, cancellation);
        var line = output.Split('\n').LastOrDefault(l => l.StartsWith('{'));
        if (code == 0 && line is not null)
            return (JsonObject)JsonNode.Parse(line)!;
        // Ranks above 0 end well and print nothing.
        if (code == 0 && environment is not null)
            return [];
        throw new InvalidOperationException($"{Path.GetFileName(Script)} ended with {code}: {error.Split('\n').LastOrDefault(l => l.Trim().Length > 0)}");
    }

    private static bool Has(string python, string[] packages)
    {
        try
        {
            // Looks for the packages without importing them, which would take seconds.
            using var process = Process.Start(new ProcessStartInfo(python, ["-c", "import importlib.util as u, sys; sys.exit(0 if all(map(u.find_spec, sys.argv[1:])) else 1)", .. packages])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            });
            return process is not null && process.WaitForExit(10_000) && process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
