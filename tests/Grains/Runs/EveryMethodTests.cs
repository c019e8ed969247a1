using System.Runtime.CompilerServices;
using System.Text.Json;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Tests;
using SslOrleans.Learning.Training;
using SslOrleans.Silo;
using SslOrleans.Tests.Grains.Support;

namespace SslOrleans.Tests.Grains.Runs;

/// <summary>
/// Every method through the grains: on three workers of which one is killed, stopped, thrown back to an older checkpoint and resumed
/// on one worker, it gives at each of twelve steps the bits of one undisturbed worker. Networks are tiny and images 8 × 8.
/// </summary>
public class EveryMethodTests
{
    private const int Steps = 12;
    private const int CheckpointEvery = 5;

    /// <summary>A method for each kind of state: none, teacher and two queues, two queues and prototypes, bank, assignments, teacher and correlation; and one of two towers.</summary>
    private static readonly string[] s_oneForEachState = ["vicreg", "mocov2", "swav", "npid", "deepcluster", "directset", "clip"];

    private static readonly string[] s_others = [.. MethodCatalog.All.Select(m => m.Name).Except(s_oneForEachState)];

    public static TheoryData<string> OneForEachState => [.. s_oneForEachState];

    public static TheoryData<string> Others => [.. s_others];

    [Theory]
    [MemberData(nameof(OneForEachState))]
    public Task KilledAndResumedGivesTheBitsOfOneWorker(string method) => Prove(method);

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Others))]
    public Task KilledAndResumedGivesTheBitsOfOneWorkerToo(string method) => Prove(method);

    [Fact]
    public Task KilledAndResumedInBFloat16GivesTheBitsOfOneWorker() => Prove("mocov2", "workers.precision=bfloat16");

    [Fact]
    public void ProofsNameTheMethodsOfTheseTests()
    {
        var file = Path.Combine(Path.GetDirectoryName(Here())!, "..", "..", "..", "docs", "methods", "proofs.json");
        using var proofs = JsonDocument.Parse(File.ReadAllText(file));
        var said = proofs.RootElement.EnumerateObject().Where(m => m.Value.GetProperty("workers").GetBoolean() && m.Value.GetProperty("resume").GetBoolean()).Select(m => m.Name);
        Assert.Equal(s_oneForEachState.Concat(s_others).Order(StringComparer.Ordinal), said.Order(StringComparer.Ordinal));
    }

    private static async Task Prove(string method, params string[] settings)
    {
        var recipe = RecipeReader.Parse(
            RecipeReader.Write(SmallRun.Recipe(method, Steps)),
            ["data.limit=30", "workers.slices=3", $"checkpoint.everySteps={CheckpointEvery}", "evaluation.knn=false", .. settings]);
        var folder = Directory.CreateTempSubdirectory("sslo-test-").FullName;

        // Slow enough for the third worker to be killed, and the run to be stopped, on the way.
        var slow = TimeSpan.FromMilliseconds(50);
        await using (var three = await Cluster.Start(2, folder, slow, keepFolder: true))
        {
            var name = $"third-{Guid.NewGuid():N}";
            var third = await three.AddSilo(new SiloSettings { Name = name, SlowDown = slow });
            await three.InPool(name);
            var run = three.Grains.GetGrain<ITrainingRunGrain>("run");
            var (joined, waiting, killed, told, stopped) = (false, false, false, false, false);
            var (status, events) = await three.Train("run", recipe, SmallRuns.DataOf(recipe), onEvent: async e =>
            {
                var ofThird = e.Worker?.StartsWith(name, StringComparison.Ordinal) == true;
                joined |= ofThird && e.Kind == RunEventKind.Joined;
                told |= ofThird && e.Kind is RunEventKind.Killed or RunEventKind.Left;
                if (waiting && (killed ? told : joined))
                {
                    waiting = false;
                    await run.Continue();
                }
                else if (e.Kind == RunEventKind.Step && !joined && !waiting)
                {
                    // The others may have finished before the third has built its networks.
                    waiting = true;
                    await run.Pause();
                }
                else if (e.Kind == RunEventKind.Step && e.Step >= 2 && joined && !killed)
                {
                    // In the middle of a step. The next one waits until the leader knows: on a busy machine, or when the third
                    // had no lease at that moment, the others may have finished before.
                    (killed, waiting) = (true, true);
                    var killing = Task.Run(() => Cluster.Kill(third));
                    await run.Pause();
                    await killing;
                }
                else if (e.Kind == RunEventKind.Step && e.Step >= CheckpointEvery + 1 && told && !stopped)
                {
                    stopped = true;
                    await run.Stop();
                }
            });
            third.Dispose();
            Assert.True(status.Phase == RunPhase.Stopped, $"{status.Phase}: {string.Join('\n', events.Select(e => $"{e.Time:mm:ss.fff} {e.Kind} {e.Step} {e.Text}"))}");
            Assert.Contains(events, e => e.Kind is RunEventKind.Killed or RunEventKind.Left && e.Worker!.StartsWith(name, StringComparison.Ordinal));
        }

        // What was written after the checkpoint of step 5, but for the ledger, is gone: those steps are computed again.
        foreach (var checkpoint in Directory.GetDirectories(Path.Combine(folder, "run", "checkpoints")).Where(d => int.Parse(Path.GetFileName(d)) > CheckpointEvery))
            Directory.Delete(checkpoint, true);
        var before = (await Ledger.Open(RunStorage.Open(folder), "run")).Entries.Count;
        Assert.InRange(before, CheckpointEvery + 2, Steps - 1);

        await using var one = await Cluster.Start(1, folder);
        var (resumed, news) = await one.Train("run", recipe, SmallRuns.DataOf(recipe), resume: true);
        Assert.True(resumed.Phase == RunPhase.Completed, string.Join('\n', news.Select(e => e.Text)));
        Assert.Contains(news, e => e.Kind == RunEventKind.Recovered && e.Text.Contains($"{before - CheckpointEvery} committed steps are computed again", StringComparison.Ordinal));

        var ledger = await Ledger.Open(RunStorage.Open(folder), "run");
        Assert.Equal(Steps, ledger.Entries.Count);
        Assert.True(Ledger.Audit(ledger.Entries, 30, 12, 3).IsExact);
        Assert.EndsWith(recipe.Workers.Precision == WorkersRecipe.Float32 ? "1 thread" : "1 thread; bfloat16", (await RunRecord.Read(RunStorage.Open(folder), "run"))!.NumericsClass);
        using var data = TrainingData.Open(recipe, QuickRecipes.Access(SmallRuns.DataOf(recipe)));
        using var local = new LocalTrainer(recipe, data);
        foreach (var entry in ledger.Entries)
        {
            var report = local.RunStep();
            Assert.True(report.WeightsHash == entry.Hash && report.Loss.Equals(entry.Loss), $"{method}: step {entry.Step} has other bits than one worker gives");
        }
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
