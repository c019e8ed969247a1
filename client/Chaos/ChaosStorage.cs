using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Grains.Data;
using SslOrleans.Grains.Storage;
using SslOrleans.Silo;

namespace SslOrleans.Client.Chaos;

/// <summary>
/// The server of a disturbed run's blobs. It goes away in order and comes back: Azurite acknowledges what it has not yet on disk, so a
/// SIGKILL would lose acknowledged writes, which the service that it stands for does not.
/// </summary>
public sealed class ChaosStorage : IChaosVictim, IAsyncDisposable
{
    /// <summary>Of the container.</summary>
    private const string Container = "runs";

    private static readonly TimeSpan s_answer = TimeSpan.FromMilliseconds(200);

    private readonly AzuriteProcess _azurite;
    private readonly string? _before = Environment.GetEnvironmentVariable(RunStorage.ConnectionStringVariable);

    /// <summary>Between it and everybody: Azurite ends only when all connections are closed, and clients keep theirs.</summary>
    private readonly ChaosLink _link;

    private ChaosStorage(AzuriteProcess azurite) => (_azurite, _link) = (azurite, new ChaosLink(azurite.Port));

    public string Name => "azurite";

    public bool IsAlive => _azurite.IsAlive;

    /// <summary>The program to start: what was asked for, else <c>azurite-blob</c> of the PATH.</summary>
    /// <exception cref="UserErrorException">There is none, or the images need the account that the run's blobs will be in.</exception>
    public static string Program(string? asked, string dataPath)
    {
        if (DataLocations.IsContainer(dataPath))
            throw new UserErrorException($"--targets storage puts an account of its own into {RunStorage.ConnectionStringVariable}, and --data {dataPath} needs another; give a folder.");
        if (asked is { Length: > 0 })
            return File.Exists(asked) ? Path.GetFullPath(asked) : throw new UserErrorException($"--azurite {asked}: there is no such file; name azurite-blob or a script that starts it.");
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Where(f => f.Length > 0).Select(f => Path.Combine(f, "azurite-blob")).FirstOrDefault(File.Exists)
            ?? throw new UserErrorException("--targets storage needs Azurite, and azurite-blob is not on the PATH; `npm install -g azurite`, or give --azurite PROGRAM.");
    }

    /// <summary>Starts a new account; processes that are started from here on know its key from their environment.</summary>
    /// <param name="program">What <see cref="Program"/> found.</param>
    /// <param name="request">Its run's blobs lie in a folder beside those of the runs.</param>
    /// <returns>The storage, and the request for a run in it.</returns>
    public static async Task<(ChaosStorage Storage, TrainingRequest Request)> Start(string program, TrainingRequest request)
    {
        var folder = Path.Combine(request.RunsFolder, ".azurite", request.Run);
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        var storage = new ChaosStorage(new AzuriteProcess(program, folder, FreePorts.Find()));
        try
        {
            await storage._azurite.Start();
        }
        catch
        {
            await storage.DisposeAsync();
            throw;
        }

        Environment.SetEnvironmentVariable(RunStorage.ConnectionStringVariable, storage._azurite.ConnectionStringAt(storage._link.Port));
        return (storage, request with { Container = $"azure:{Container}", Dashboard = "off" });
    }

    string IChaosVictim.Detail(ChaosEvent e) => e.Action == ChaosAction.Leave ? FormattableString.Invariant($"away for {e.Seconds:0.0} s") : "";

    async Task IChaosVictim.Suffer(ChaosEvent e, Func<bool> over)
    {
        switch (e.Action)
        {
            case ChaosAction.Leave:
                await Stop();

                // Even when the run is over: its ledger is still to be read.
                await ChaosPause.Wait(TimeSpan.FromSeconds(e.Seconds), over);
                await _azurite.Start();
                break;
            case ChaosAction.Hang:
                _azurite.Hang();
                await Task.Delay(ChaosPause.Hang);
                _azurite.GoOn();
                break;
            case ChaosAction.Slow:
                await ChaosPause.Stutter(_azurite.Hang, _azurite.GoOn);
                break;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Environment.SetEnvironmentVariable(RunStorage.ConnectionStringVariable, _before);
        await Stop();
        _link.Dispose();
        _azurite.Dispose();
    }

    /// <summary>What it is answering it may answer; then every connection is closed, and it ends.</summary>
    private async Task Stop()
    {
        var ending = _azurite.Stop();
        while (await Task.WhenAny(ending, Task.Delay(s_answer)) != ending)
            _link.Heal(deliver: false);
        await ending;
    }
}
