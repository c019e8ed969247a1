using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Data.Tables;
using SslOrleans.Grains.Data;
using SslOrleans.Grains.Placement;
using SslOrleans.Learning.Training;
using SslOrleans.Silo;
using SslOrleans.Silo.Dashboard;

namespace SslOrleans.Client.Cluster;

/// <summary>A run in the grains of a cluster: of this process, or of one that runs already.</summary>
public sealed class GrainTrainingSession : ITrainingSession
{
    private static readonly TimeSpan s_glance = TimeSpan.FromSeconds(0.5);

    /// <summary>News come within a second. Later the silo that was asked, or the way to it, has died, and another one is asked.</summary>
    private static readonly TimeSpan s_answer = TimeSpan.FromSeconds(3);

    private readonly ClusterConnection _cluster;
    private readonly ElasticWorkers? _elastic;
    private readonly PatientCalls _calls;
    private RunRequest? _request;
    private volatile string _waitsFor = "";

    private GrainTrainingSession(ClusterConnection cluster, string run, ElasticWorkers? elastic = null)
        => (_cluster, Run, _elastic, _calls) = (cluster, run, elastic, new PatientCalls(cluster, text => _waitsFor = text));

    public string Run { get; }

    public string? Dashboard => _cluster.Dashboard;

    public ClusterConnection Cluster => _cluster;

    private ITrainingRunGrain Grain => _cluster.Grains.GetGrain<ITrainingRunGrain>(Run);

    /// <summary>Starts or resumes the run on the folder's cluster; starts one, with a silo of this process, when there is none.</summary>
    /// <param name="ownWorkers">Workers in this process when it becomes a silo; null: as many as the machine has cores for, unless worker processes are asked for.</param>
    /// <param name="beforeStart">What is to join the cluster before the run starts there.</param>
    /// <param name="place">Where this process's silo is on the network; null: on loopback, in the folder's cluster.</param>
    public static async Task<GrainTrainingSession> Open(
        TrainingRequest request, CancellationToken cancellation, int? ownWorkers = null, Action<ClusterConnection>? beforeStart = null, Func<SiloSettings, SiloSettings>? place = null)
    {
        request = request with { Recipe = WithHash(request) };

        // What no worker could do is said before anything is started or written.
        await Task.Run(
            () =>
            {
                if (request.Recipe.Data.Modality is Modality.Image or Modality.TextImage)
                    DataLocations.Check(request.DataPath, request.Recipe.Data.Split);

                // A run keeps what its columns are, so that they are the same for ever.
                if (!request.Resume)
                    request = request with { Recipe = TableColumns.Described(request.Recipe, DataLocations.Access(request.DataPath).Files) };
                RecipeTrial.Run(request.Recipe);
            },
            cancellation);
        var running = await ClusterConnection.TryConnect(request.RunsFolder, cancellation);
        if (running is not null && request.SigningKey is { } unused)
        {
            await running.DisposeAsync();
            throw new UserErrorException($"--sign {unused} would sign nothing: a cluster is running, and its silos sign with the key that each of them was started with (`sslo silo --sign`); leave it out.");
        }

        var cluster = running ?? await ClusterConnection.Start(place?.Invoke(OwnSilo(request, ownWorkers)) ?? OwnSilo(request, ownWorkers), cancellation);
        ElasticWorkers? elastic = null;
        try
        {
            // Not earlier: three silos that become active at once wait for each other for seconds.
            var gpus = Devices.Gpus(request.Device);
            for (var i = 0; i < request.Workers.Number; i++)
                cluster.StartWorker(request.RunsFolder, request.Recipe.Workers.ThreadsPerWorker, gpus.Count > 0 ? gpus[i % gpus.Count] : "cpu", request.SigningKey);
            elastic = request.Workers.Auto ? new ElasticWorkers(cluster, request, gpus) : null;
            beforeStart?.Invoke(cluster);
            var session = new GrainTrainingSession(cluster, request.Run, elastic);
            session._request = new RunRequest(RecipeReader.Write(request.Recipe), DataLocations.Normalize(request.DataPath), request.Resume, Guid.NewGuid().ToString("N"));
            await session._calls.Ask(() => session.Grain.Start(session._request), cancellation);
            return session;
        }
        catch
        {
            if (elastic is not null)
                await elastic.DisposeAsync();
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Follows a run that somebody else started.</summary>
    public static GrainTrainingSession Follow(ClusterConnection cluster, string run) => new(cluster, run);

    public async IAsyncEnumerable<RunNews> News([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var seen = 0L;
        RunStatus? last = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            var asking = _calls.Ask(() => Ask(seen).WaitAsync(s_answer, cancellationToken), cancellationToken);
            for (var told = ""; last is not null && await Task.WhenAny(asking, Task.Delay(s_glance, cancellationToken)) != asking;)
            {
                if (_waitsFor == told)
                    continue;
                told = _waitsFor;
                yield return new RunNews(last, [new RunEvent(seen, RunEventKind.Waiting, last.Step, DateTimeOffset.UtcNow, told, null, new Dictionary<string, double>())]);
            }

            var news = await asking;
            (last, _waitsFor) = (news.Status, "");
            if (news.Events.Length > 0)
                (seen, _request) = (news.Events[^1].Sequence, null);
            else if (news.LastSequence < seen)
                seen = 0;
            yield return news;
            if (news.Status.Phase is RunPhase.Completed or RunPhase.Stopped or RunPhase.Failed && news.Events.Length == 0)
                yield break;
        }
    }

    /// <summary>
    /// Until it has been heard of, the run may be lost with the silo in which it was to begin, before a word of it was kept: it is begun again,
    /// which changes nothing when it is there.
    /// </summary>
    private async Task<RunNews> Ask(long seen)
    {
        if (_request is { } request)
            await Grain.Start(request);
        return await Grain.News(seen);
    }

    public Task Pause() => _calls.Ask(() => Grain.Pause(), CancellationToken.None);

    public Task Continue() => _calls.Ask(() => Grain.Continue(), CancellationToken.None);

    public Task Stop() => _calls.Ask(() => Grain.Stop(), CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        if (_elastic is not null)
            await _elastic.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    /// <summary>A run that is begun keeps the content of the weights that it starts or learns from, and where every process of this machine finds them.</summary>
    private static Recipe WithHash(TrainingRequest request)
    {
        var recipe = request.Recipe;
        if (request.Resume)
            return recipe;
        if (recipe is { Initial.Length: > 0, InitialHash.Length: 0 } && File.Exists(recipe.Initial))
            recipe = recipe with { Initial = Path.GetFullPath(recipe.Initial), InitialHash = StartWeights.Hash(recipe.Initial) };
        return recipe.Teacher is { Weights.Length: > 0, WeightsHash.Length: 0 } teacher && File.Exists(teacher.Weights)
            ? recipe with { Teacher = teacher with { Weights = Path.GetFullPath(teacher.Weights), WeightsHash = StartWeights.Hash(teacher.Weights) } }
            : recipe;
    }

    private static SiloSettings OwnSilo(TrainingRequest request, int? ownWorkers)
    {
        var threads = request.Recipe.Workers.ThreadsPerWorker;
        var gpus = Devices.Gpus(request.Device);
        var own = ownWorkers ?? (request.Workers.InProcesses ? 0 : gpus.Count > 0 ? gpus.Count : Math.Max(1, Environment.ProcessorCount / threads));
        return new SiloSettings
        {
            Name = $"train-{Environment.ProcessId}",
            Cluster = new ClusterSettings { Folder = request.RunsFolder },
            Roles = own > 0 ? $"{Roles.Parameters},{Roles.Worker}" : Roles.Parameters,
            Workers = Math.Min(own, request.Recipe.Batch.MicroBatches),
            ThreadsPerWorker = threads,
            Device = gpus.Count switch { 0 => "cpu", 1 => gpus[0], _ => "cuda" },
            Storage = request.Storage,
            SigningKey = request.SigningKey,
            Dashboard = DashboardSettings.Parse(request.Dashboard, ProjectFiles.Recipes),

            // Who is killed, hangs or leaves is an event of the run, and is shown as one.
            HostLog = LogLevel.Error,
        };
    }
}

/// <summary>Opens <see cref="GrainTrainingSession"/>s.</summary>
public sealed class GrainTrainingSessions : ITrainingSessions
{
    public async Task<ITrainingSession> Open(TrainingRequest request, CancellationToken cancellationToken)
        => await GrainTrainingSession.Open(request, cancellationToken);
}
