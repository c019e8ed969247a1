using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Storage;
using SslOrleans.Grains.Transfer;
using SslOrleans.Learning.Training;
using SslOrleans.Silo;

namespace SslOrleans.Tests.Grains.Support;

/// <summary>A silo in this process with a storage folder of its own, the first of its cluster.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    // Evaluations beside a training do not wait for the tests that run at the same time.
    static Cluster() => ComputeThread.MayYield = false;

    private Cluster(IHost host, string folder, SiloSettings settings) => (Host, Folder, Settings) = (host, folder, settings);

    public IHost Host { get; private set; }

    public string Folder { get; }

    public SiloSettings Settings { get; }

    public IGrainFactory Grains => Host.Services.GetRequiredService<IGrainFactory>();

    /// <summary>Leaves the folder to a cluster that comes after this one.</summary>
    public bool KeepFolder { get; init; }

    /// <param name="workers">Workers of the silo.</param>
    /// <param name="folder">Where runs are kept; null: a new one.</param>
    /// <param name="slowDown">Added to each micro-batch.</param>
    /// <param name="keepFolder">Leaves the folder to a cluster that comes after this one.</param>
    /// <param name="storage">What stands before the folder; null: nothing.</param>
    /// <param name="replace">Puts other services in the place of the silo's.</param>
    public static async Task<Cluster> Start(
        int workers, string? folder = null, TimeSpan slowDown = default, bool keepFolder = false, Func<IRunStorage, IRunStorage>? storage = null,
        Action<IServiceCollection>? replace = null)
    {
        folder ??= Directory.CreateTempSubdirectory("sslo-test-").FullName;
        var settings = SiloHost.WithPorts(new SiloSettings { Name = $"first-{Guid.NewGuid():N}", Workers = workers, Storage = folder, SlowDown = slowDown });
        var host = SiloHost.Build(settings, s =>
        {
            s.AddSingleton(storage?.Invoke(RunStorage.Open(folder)) ?? RunStorage.Open(folder)).AddSingleton(Payloads);
            replace?.Invoke(s);
        });
        await host.StartAsync();
        return new Cluster(host, folder, settings) { KeepFolder = keepFolder };
    }

    /// <summary>One more silo, with workers only unless other roles are named, that joins this one.</summary>
    public async Task<IHost> AddSilo(SiloSettings settings, string roles = SslOrleans.Grains.Placement.Roles.Worker, Action<IServiceCollection>? replace = null)
    {
        var host = SiloHost.Build(settings with
        {
            Roles = roles,
            Storage = Folder,
        }, s =>
        {
            s.AddSingleton(Payloads);
            replace?.Invoke(s);
        });
        await host.StartAsync();
        return host;
    }

    /// <summary>Returns when a silo's worker can be given work.</summary>
    public async Task InPool(string silo)
    {
        while ((await Grains.GetGrain<IWorkerPoolGrain>(IWorkerPoolGrain.Key).Live()).All(w => w.Silo != silo))
            await Task.Delay(20);
    }

    /// <summary>Small as the tests' tensors are, none of them travels in a message: what dies with a silo is lost.</summary>
    private static PayloadStore Payloads(IServiceProvider services)
        => new(services.GetRequiredService<IGrainFactory>(), services.GetRequiredService<ILocalSiloDetails>()) { InMessage = 0 };

    /// <summary>The silo's part in the cluster ends without a word: nothing is handed back, nothing is deactivated.</summary>
    public static async Task Kill(IHost silo)
    {
        try
        {
            silo.Services.GetRequiredService<PayloadStore>().Dispose();
            await silo.StopAsync(new CancellationToken(canceled: true));
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>Starts a run and follows it to its end.</summary>
    public async Task<(RunStatus Status, List<RunEvent> Events)> Train(string run, Recipe recipe, string data, bool resume = false, Func<RunEvent, Task>? onEvent = null)
    {
        await Grains.GetGrain<ITrainingRunGrain>(run).Start(new RunRequest(RecipeReader.Write(recipe), data, resume));
        return await Follow(run, onEvent);
    }

    /// <summary>Follows a run to its end.</summary>
    public async Task<(RunStatus Status, List<RunEvent> Events)> Follow(string run, Func<RunEvent, Task>? onEvent = null)
    {
        var grain = Grains.GetGrain<ITrainingRunGrain>(run);
        var events = new List<RunEvent>();
        var seen = 0L;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            var news = await Ask(() => grain.News(seen));
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(3), $"not over after three minutes: {news.Status.Phase}, {string.Join(", ", news.Status.Workers.Select(w => $"{w.Worker.Name} {w.State}"))}\n"
                + string.Join('\n', events.Select(e => $"{e.Time:mm:ss.fff} {e.Kind.Name()} {e.Step} {e.Text}")));
            if (news.LastSequence < seen)
                seen = 0;
            foreach (var e in news.Events)
            {
                events.Add(e);
                seen = e.Sequence;
                if (onEvent is not null)
                    await onEvent(e);
            }

            if (news.Status.Phase is RunPhase.Completed or RunPhase.Stopped or RunPhase.Failed && news.Events.Length == 0)
                return (news.Status, events);
        }
    }

    /// <summary>The run may be moving to another silo.</summary>
    public static async Task<T> Ask<T>(Func<Task<T>> question)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                return await question();
            }
            catch (Orleans.Runtime.OrleansException) when (tries < 100)
            {
                await Task.Delay(100);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Host.StopAsync();
        Host.Dispose();
        for (var tries = 0; !KeepFolder; tries++)
        {
            try
            {
                Directory.Delete(Folder, true);
                return;
            }
            catch (IOException) when (tries < 50)
            {
                // The leader of a silo that was killed in this process may be at its last words.
                await Task.Delay(100);
            }
        }
    }
}
