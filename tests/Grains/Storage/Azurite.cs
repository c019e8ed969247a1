using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Azure.Storage.Blobs;

namespace SslOrleans.Grains.Tests.Storage;

/// <summary>
/// A real storage emulator on a free port, installed from npm into the build folder by the first test run.
/// Without npm, or without a way to its packages, these tests fail and say so: nothing is skipped in silence.
/// </summary>
public sealed class Azurite : IDisposable
{
    private const string Account = "tests";
    private static readonly TimeSpan s_installTimeout = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_startTimeout = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _data = new();
    private readonly string _key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64));
    private readonly string _program = Install();
    private Process? _process;

    public Azurite() => Start();

    /// <summary>0 until the first start; kept from then on.</summary>
    public int Port { get; private set; }

    public string ConnectionString => ConnectionStringWith(_key);

    public string Address => $"http://127.0.0.1:{Port}/{Account}";

    public string ConnectionStringWith(string key)
        => $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={key};BlobEndpoint={Address};";

    /// <summary>A client of a container that is not there yet.</summary>
    public BlobContainerClient NewContainer(string? key = null)
    {
        var options = new BlobClientOptions(BlobClientOptions.ServiceVersion.V2023_01_03);
        options.Retry.MaxRetries = 0;
        return new BlobServiceClient(ConnectionStringWith(key ?? _key), options).GetBlobContainerClient($"t{Guid.NewGuid():N}");
    }

    public void Start()
    {
        var start = new ProcessStartInfo("node")
        {
            ArgumentList = { _program, "--blobPort", $"{Port}", "--location", _data.Root, "--silent", "--disableTelemetry" },
            WorkingDirectory = Path.GetDirectoryName(_program)!,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["AZURITE_ACCOUNTS"] = $"{Account}:{_key}";
        _process = Process.Start(start)!;
        var output = new StringBuilder();
        var listening = new TaskCompletionSource<int>();
        _process.OutputDataReceived += (_, line) => Heard(line.Data);
        _process.ErrorDataReceived += (_, line) => Heard(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        if (!listening.Task.Wait(s_startTimeout))
            throw new InvalidOperationException($"Azurite did not start within {s_startTimeout.TotalSeconds} s: {output}");
        Port = listening.Task.Result;

        void Heard(string? line)
        {
            output.AppendLine(line);
            if (line?.IndexOf("listens on http://127.0.0.1:", StringComparison.Ordinal) >= 0)
                listening.TrySetResult(int.Parse(line[(line.LastIndexOf(':') + 1)..], System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Closes it in order: only then has it everything on disk.</summary>
    public void Stop()
    {
        if (_process is null)
            return;
        _process.StandardInput.Close();
        if (!_process.WaitForExit(s_startTimeout))
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    public void Dispose()
    {
        Stop();
        _data.Dispose();
    }

    private static string Install()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "SslOrleans.sln")))
            root = root.Parent;
        var source = Path.Combine(root!.FullName, "tests", "Grains", "Storage", "azurite");
        var target = Directory.CreateDirectory(Path.Combine(root.FullName, ".build", "azurite")).FullName;
        var program = Path.Combine(target, "start.js");

        // Two test runs at once: the second waits for the first one's installation.
        using var alone = WaitForLock(Path.Combine(target, "lock"));
        var wanted = string.Concat(Directory.GetFiles(source, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllText));
        var stamp = Path.Combine(target, "installed");
        if (File.Exists(stamp) && File.ReadAllText(stamp) == wanted)
            return program;
        foreach (var file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(target, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy, overwrite: true);
        }

        RunNpm(target);
        File.WriteAllText(stamp, wanted);
        return program;
    }

    private static void RunNpm(string folder)
    {
        var start = new ProcessStartInfo("npm")
        {
            ArgumentList = { "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--prefer-offline" },
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var npm = Process.Start(start)!;
            var output = npm.StandardOutput.ReadToEndAsync();
            var error = npm.StandardError.ReadToEndAsync();
            if (!npm.WaitForExit(s_installTimeout))
                npm.Kill(entireProcessTree: true);
            npm.WaitForExit();
            if (npm.ExitCode != 0)
                throw new InvalidOperationException($"npm could not install Azurite, which the tests of Azure Blob Storage need: {output.Result}{error.Result}");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidOperationException("npm is not installed; the tests of Azure Blob Storage need it and Node.js (leave them out with --filter Category!=Azurite).", e);
        }
    }

    private static FileStream WaitForLock(string path)
    {
        for (var waited = 0; ; waited++)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (waited < s_installTimeout.TotalSeconds * 10)
            {
                Thread.Sleep(100);
            }
        }
    }
}
