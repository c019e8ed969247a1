using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SslOrleans.Client.Cluster;
using SslOrleans.Contracts;

namespace SslOrleans.Client.Chaos;

/// <summary>
/// A real Azurite, Azure Blob Storage's emulator, on a port of this machine, with an account of its own whose key lives in this
/// process' memory and in the emulator's environment only.
/// </summary>
internal sealed class AzuriteProcess : IDisposable
{
    private const string Account = "sslo";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly string _key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64));
    private readonly string _program;
    private readonly string _folder;
    private Process? _process;

    /// <param name="program"><c>azurite-blob</c>, or a script for node that starts it, and ends it in order when its standard input ends.</param>
    /// <param name="folder">Its blobs.</param>
    /// <param name="port">Kept from start to start; 0 takes a free one at the first.</param>
    public AzuriteProcess(string program, string folder, int port = 0)
        => (_program, _folder, Port) = (program, Directory.CreateDirectory(folder).FullName, port);

    public int Port { get; private set; }

    private bool IsScript => _program.EndsWith(".js", StringComparison.Ordinal);

    public bool IsAlive => _process is { HasExited: false };

    public string Address => $"http://127.0.0.1:{Port}/{Account}";

    public string ConnectionString => ConnectionStringWith(_key);

    /// <summary>With another key, which it will refuse.</summary>
    public string ConnectionStringWith(string key) => ConnectionStringOf(key, Port);

    /// <summary>For those who reach it through a relay.</summary>
    public string ConnectionStringAt(int port) => ConnectionStringOf(_key, port);

    private static string ConnectionStringOf(string key, int port)
        => $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={key};BlobEndpoint=http://127.0.0.1:{port}/{Account};";

    /// <summary>Starts it and waits until it listens.</summary>
    /// <exception cref="UserErrorException">It cannot be started.</exception>
    public async Task Start()
    {
        var host = IsScript ? "node" : _program;
        string[] first = IsScript ? [_program] : [];
        var start = new ProcessStartInfo(host) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder };
        foreach (var argument in (string[])[.. first, "--blobPort", Port.ToString(CultureInfo.InvariantCulture), "--location", _folder, "--silent", "--disableTelemetry"])
            start.ArgumentList.Add(argument);
        start.Environment["AZURITE_ACCOUNTS"] = $"{Account}:{_key}";
        var output = new StringBuilder();
        var listening = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            _process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new UserErrorException($"{host} cannot be started: {e.Message}. Install Node.js and `npm install -g azurite`, or give --azurite PROGRAM.", e);
        }

        _process.OutputDataReceived += (_, line) => Heard(line.Data);
        _process.ErrorDataReceived += (_, line) => Heard(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        var ended = _process.WaitForExitAsync();
        if (await Task.WhenAny(listening.Task, ended, Task.Delay(s_patience)) != listening.Task)
        {
            string said;
            lock (output)
                said = output.ToString().Trim();
            throw new UserErrorException($"Azurite ({_program}) {(ended.IsCompleted ? "ended" : $"did not listen after {s_patience.TotalSeconds:0} s")}: {said}");
        }

        Port = await listening.Task;

        void Heard(string? line)
        {
            lock (output)
                output.AppendLine(line);
            if (line?.Contains("listens on http://127.0.0.1:", StringComparison.Ordinal) == true)
                listening.TrySetResult(int.Parse(line[(line.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Ends it in order: only then has it everything on disk.</summary>
    public async Task Stop()
    {
        if (_process is null)
            return;
        if (IsScript)
            _process.StandardInput.Close();
        else
            Signals.End(_process);
        using var patience = new CancellationTokenSource(s_patience);
        await _process.WaitForExitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Kill();
    }

    /// <summary>It answers nothing, and its connections stay open.</summary>
    public void Hang() => Signals.Hang(_process!);

    public void GoOn() => Signals.GoOn(_process!);

    public void Dispose() => Kill();

    private void Kill()
    {
        if (Interlocked.Exchange(ref _process, null) is not { } process)
            return;
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        process.WaitForExit();
        process.Dispose();
    }
}
