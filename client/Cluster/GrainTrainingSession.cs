using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Polly;
using Polly.Retry;
using Polly.Timeout;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Data;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Storage;
using SslOrleans.Silo;
using SslOrleans.Silo.Dashboard;

namespace SslOrleans.Client.Cluster;

/// <summary>A run in the grains of a cluster: of this process, or of one that runs already.</summary>
public sealed class GrainTrainingSession : ITrainingSession
{
    /// <summary>How long a client looks for a cluster that does not answer.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private static readonly ResiliencePipeline s_again = new ResiliencePipelineBuilder()
        .AddTimeout(s_patience)
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<OrleansException>().Handle<TimeoutException>().Handle<StorageUnavailableException>(),
            MaxRetryAttempts = int.MaxValue,
            BackoffType = DelayBackoffType.Constant,
            Delay = TimeSpan.FromSeconds(0.3),
            UseJitter = true,
        })
        .Build();

    private readonly ClusterConnection _cluster;

    private GrainTrainingSession(ClusterConnection cluster, string run) => (_cluster, Run) = (cluster, run);

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
        // Workers that cannot read the images are refused one by one, and the run would wait for better ones.
        await Task.Run(() => DataLocations.Check(request.DataPath, request.Recipe.Data.Split), cancellation);
        var cluster = await ClusterConnection.TryConnect(request.RunsFolder, cancellation) ?? await ClusterConnection.Start(place?.Invoke(OwnSilo(request, ownWorkers)) ?? OwnSilo(request, ownWorkers), cancellation);
        try
        {
            for (var i = 0; i < request.Workers; i++)
                cluster.StartWorker(request.RunsFolder, request.Recipe.Workers.ThreadsPerWorker, DeviceKind(request.Device));
            beforeStart?.Invoke(cluster);
            var session = new GrainTrainingSession(cluster, request.Run);
            await session.Grain.Start(new RunRequest(RecipeReader.Write(request.Recipe), DataLocations.Normalize(request.DataPath), request.Resume));
            return session;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Follows a run that somebody else started.</summary>
    public static GrainTrainingSession Follow(ClusterConnection cluster, string run) => new(cluster, run);

    public async IAsyncEnumerable<RunNews> News([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var seen = 0L;
        while (!cancellationToken.IsCancellationRequested)
        {
            var news = await Ask(() => Grain.News(seen), cancellationToken);
            if (news.Events.Length > 0)
                seen = news.Events[^1].Sequence;
            else if (news.LastSequence < seen)
                seen = 0;
            yield return news;
            if (news.Status.Phase is RunPhase.Completed or RunPhase.Stopped or RunPhase.Failed && news.Events.Length == 0)
                yield break;
        }
    }

    public Task Pause() => Grain.Pause();

    public Task Continue() => Grain.Continue();

    public Task Stop() => Grain.Stop();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private static SiloSettings OwnSilo(TrainingRequest request, int? ownWorkers)
    {
        var threads = request.Recipe.Workers.ThreadsPerWorker;
        var device = DeviceKind(request.Device);
        var own = ownWorkers ?? (request.Workers > 0 ? 0 : device == "cpu" ? Math.Max(1, Environment.ProcessorCount / threads) : 1);
        return new SiloSettings
        {
            Name = $"train-{Environment.ProcessId}",
            Cluster = new ClusterSettings { Folder = request.RunsFolder },
            Roles = own > 0 ? $"{Roles.Parameters},{Roles.Worker}" : Roles.Parameters,
            Workers = Math.Min(own, request.Recipe.Batch.MicroBatches),
            ThreadsPerWorker = threads,
            Device = device,
            Storage = request.Storage,
            Dashboard = DashboardSettings.Parse(request.Dashboard, ProjectFiles.Recipes),

            // Who is killed, hangs or leaves is an event of the run, and is shown as one.
            HostLog = LogLevel.Error,
        };
    }

    private static string DeviceKind(string? name)
    {
        var device = Devices.Parse(name);
        return device.type == TorchSharp.DeviceType.CUDA ? "cuda" : "cpu";
    }

    /// <summary>A cluster that is being restarted, or a run that moves to another silo and reads where it stands, answers a little later.</summary>
    private static async Task<T> Ask<T>(Func<Task<T>> question, CancellationToken cancellation)
    {
        try
        {
            return await s_again.ExecuteAsync(async token => await question().WaitAsync(token), cancellation);
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or TimeoutRejectedException or StorageUnavailableException)
        {
            throw new UserErrorException($"The cluster did not answer for {s_patience.TotalSeconds:0} s ({e.Message}); look whether one of its silos still runs, or go on with `sslo resume`.", e);
        }
    }
}

/// <summary>Opens <see cref="GrainTrainingSession"/>s.</summary>
public sealed class GrainTrainingSessions : ITrainingSessions
{
    public async Task<ITrainingSession> Open(TrainingRequest request, CancellationToken cancellationToken)
        => await GrainTrainingSession.Open(request, cancellationToken);
}
