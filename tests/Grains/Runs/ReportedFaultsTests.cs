using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Training;
using SslOrleans.Silo;
using SslOrleans.Tests.Grains.Support;

namespace SslOrleans.Tests.Grains.Runs;

/// <summary>What users of other trainers reported, tried here; the numbers are rows of docs/reported-faults.md.</summary>
public sealed class ReportedFaultsTests : IDisposable
{
    private const string Run = "run";

    private readonly string _folder = Directory.CreateTempSubdirectory("sslo-test-").FullName;

    /// <summary>1, 2, 4, 5, 17, 20, 21: everything dies three times within an epoch, and once near the end of the next, each time with another number of workers.</summary>
    [Fact]
    public async Task Killed_three_times_in_one_epoch_with_other_workers_each_time()
    {
        // 24 steps are an epoch.
        var recipe = SmallRuns.Recipe("byol", "steps=60", "batch.effective=4", "batch.micro=2", "checkpoint.everySteps=5");
        foreach (var (step, workers) in new[] { (7, 4), (9, 1), (19, 3), (45, 2) })
            await TrainUntilKilled(recipe, step, workers);
        await using var last = await Cluster.Start(2, _folder, keepFolder: true);
        var (status, _) = await last.Train(Run, recipe, SmallRuns.Images, resume: true);
        Assert.Equal(RunPhase.Completed, status.Phase);

        var entries = (await Ledger.Open(RunStorage.Open(_folder), Run)).Entries;
        Assert.Equal(Enumerable.Range(0, 60).Select(i => (i, i * 4L)), entries.Select(e => ((int)e.Step, e.First)));
        var audit = Ledger.Audit(entries, 96, 4, 2);
        Assert.True(audit.IsExact);
        Assert.Equal([96L, 96, 48], audit.Epochs.Select(e => e.Used));
        using var data = new ImageTrainingData(recipe, SmallRuns.Images);
        using var local = new LocalTrainer(recipe, data);
        foreach (var entry in entries)
        {
            var report = local.RunStep();
            Assert.Equal((report.WeightsHash, report.LearningRate), (entry.Hash, entry.LearningRate));
        }

        var metrics = (await MetricsLog.Read(RunStorage.Open(_folder), Run)).Where(m => m.Values.ContainsKey("loss")).Select(m => m.Step).ToList();
        Assert.Equal(Enumerable.Range(0, 60).Select(i => (long)i), metrics);
        var teacher = (await new CheckpointStore(RunStorage.Open(_folder), Run).Read(60)).Teacher;
        foreach (var entry in local.Layout.Entries.Where(e => e.Followed))
            Assert.Equal(local.Teacher.Slice(entry.Offset, entry.Length).ToArray(), teacher[entry.Name].Values.ToArray());
    }

    /// <summary>7, 32: one shard and more workers than micro-batches; any number of them.</summary>
    [Theory]
    [InlineData(4, 2, 1)]
    [InlineData(8, 24, 4)]
    [InlineData(7, 24, 4)]
    public async Task One_shard_and_any_number_of_workers(int workers, int effective, int micro)
    {
        var recipe = SmallRuns.Recipe("simclr", "steps=6", $"batch.effective={effective}", $"batch.micro={micro}");
        await using var cluster = await Cluster.Start(workers, _folder, keepFolder: true);
        var (status, _) = await cluster.Train(Run, recipe, SmallRuns.Images);
        Assert.Equal(RunPhase.Completed, status.Phase);
        Assert.Equal(Expected(recipe), status.WeightsHash);
    }

    /// <summary>13: more hands than there is work, and one that comes in the moment in which another dies.</summary>
    [Fact]
    public async Task Eight_workers_for_two_micro_batches_and_one_that_joins_as_another_dies()
    {
        var recipe = SmallRuns.Recipe("simclr", "steps=30", "batch.effective=8", "batch.micro=4");
        await using var cluster = await Cluster.Start(1, _folder, slowDown: TimeSpan.FromMilliseconds(40), keepFolder: true);
        using var many = await cluster.AddSilo(new SiloSettings { Name = "many", Workers = 8 });
        IHost? late = null;
        var (status, events) = await cluster.Train(Run, recipe, SmallRuns.Images, onEvent: async e =>
        {
            if (e is { Kind: RunEventKind.Step, Step: 8 })
            {
                var joining = cluster.AddSilo(new SiloSettings { Name = "late", Workers = 1 });
                await Cluster.Kill(many);
                late = await joining;
            }
        });
        await late!.StopAsync();
        late.Dispose();
        Assert.Equal(RunPhase.Completed, status.Phase);
        Assert.Contains(events, e => e.Kind == RunEventKind.Killed);
        Assert.Equal(Expected(recipe), status.WeightsHash);
    }

    /// <summary>15: seven of eight workers die within the same moment; the next commit comes within seconds.</summary>
    [Fact]
    public async Task Seven_of_eight_die_at_once()
    {
        var recipe = SmallRuns.Recipe("simclr", "steps=16");
        await using var cluster = await Cluster.Start(1, _folder, slowDown: TimeSpan.FromMilliseconds(60), keepFolder: true);
        var others = await Task.WhenAll(Enumerable.Range(0, 7).Select(i => cluster.AddSilo(new SiloSettings { Name = $"other-{i}", Workers = 1, SlowDown = TimeSpan.FromMilliseconds(60) })));
        foreach (var i in Enumerable.Range(0, 7))
            await cluster.InPool($"other-{i}");
        long killed = 0;
        var seconds = 0.0;
        var (status, _) = await cluster.Train(Run, recipe, SmallRuns.Images, onEvent: async e =>
        {
            if (e is { Kind: RunEventKind.Step, Step: 6 })
            {
                killed = Stopwatch.GetTimestamp();
                await Task.WhenAll(others.Select(Cluster.Kill));
            }

            if (e is { Kind: RunEventKind.Step, Step: > 7 } && seconds == 0)
                seconds = Stopwatch.GetElapsedTime(killed).TotalSeconds;
        });
        foreach (var other in others)
            other.Dispose();
        Assert.Equal(RunPhase.Completed, status.Phase);
        Assert.Equal(Expected(recipe), status.WeightsHash);
        Assert.InRange(seconds, 0.001, 30);
    }

    /// <summary>16: a death in the last step of the last epoch.</summary>
    [Fact]
    public async Task A_worker_dies_in_the_last_step()
    {
        var recipe = SmallRuns.Recipe("simclr", "steps=8");
        await using var cluster = await Cluster.Start(1, _folder, slowDown: TimeSpan.FromMilliseconds(150), keepFolder: true);
        using var other = await cluster.AddSilo(new SiloSettings { Name = "other", Workers = 1, SlowDown = TimeSpan.FromMilliseconds(150) });
        await cluster.InPool("other");
        var (status, events) = await cluster.Train(Run, recipe, SmallRuns.Images, onEvent: async e =>
        {
            if (e is { Kind: RunEventKind.Step, Step: 6 })
                await Cluster.Kill(other);
        });
        Assert.Equal(RunPhase.Completed, status.Phase);
        Assert.Contains(events, e => e.Kind == RunEventKind.Killed);
        Assert.Equal(Expected(recipe), status.WeightsHash);
    }

    /// <summary>18: a checkpoint of a step at which a probe looks at the teacher has the student's weights.</summary>
    [Fact]
    public async Task A_checkpoint_at_the_step_of_a_probe_of_the_teacher()
    {
        // 4 steps are an epoch: probes and checkpoints fall together.
        var recipe = SmallRuns.Recipe("byol", "steps=12", "checkpoint.everySteps=4", "evaluation.teacher=true", "evaluation.knn=true", "evaluation.everyEpochs=1");
        await TrainUntilKilled(recipe, 9, 2);
        await using var cluster = await Cluster.Start(2, _folder, keepFolder: true);
        var (status, events) = await cluster.Train(Run, recipe, SmallRuns.Images, resume: true);
        Assert.Contains(events, e => e.Text.StartsWith("restored checkpoint 8", StringComparison.Ordinal));
        Assert.Equal(RunPhase.Completed, status.Phase);
        Assert.Equal(Expected(recipe), status.WeightsHash);
    }

    /// <summary>19: another length, written into the run's recipe by hand, would stretch the cosine.</summary>
    [Fact]
    public async Task A_length_that_is_changed_in_the_file_is_refused()
    {
        var recipe = SmallRuns.Recipe("simclr", "steps=12");
        await TrainUntilKilled(recipe, 5, 1);
        var file = Path.Combine(_folder, Run, RunRecordFile);
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"steps\": 12", "\"steps\": 24", StringComparison.Ordinal));
        await using var cluster = await Cluster.Start(1, _folder, keepFolder: true);
        var changed = RecipeReader.Read(file);
        Assert.Equal(24, changed.Steps);

        var error = await Assert.ThrowsAsync<UserErrorException>(() => cluster.Grains.GetGrain<ITrainingRunGrain>(Run).Start(new RunRequest(RecipeReader.Write(changed), SmallRuns.Images, Resume: true)));

        Assert.Contains("steps: 12 → 24", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, true);

    private static string RunRecordFile => SslOrleans.Grains.Runs.RunRecord.RecipeFileName;

    private static string Expected(Recipe recipe)
    {
        using var data = new ImageTrainingData(recipe, SmallRuns.Images);
        using var local = new LocalTrainer(recipe, data);
        while (local.Step < recipe.Steps)
            local.RunStep();
        return local.WeightsHash;
    }

    /// <summary>Begins or resumes the run with so many workers, and ends every process without a word once a step is committed.</summary>
    private async Task TrainUntilKilled(Recipe recipe, long step, int workers)
    {
        await using var cluster = await Cluster.Start(workers, _folder, slowDown: TimeSpan.FromMilliseconds(30), keepFolder: true);
        var grain = cluster.Grains.GetGrain<ITrainingRunGrain>(Run);
        await grain.Start(new RunRequest(RecipeReader.Write(recipe), SmallRuns.Images, Resume: Directory.Exists(Path.Combine(_folder, Run))));
        while ((await grain.Status()) is var status && status.Step < step)
        {
            Assert.True(status.Phase is not (RunPhase.Failed or RunPhase.Completed), status.Message);
            await Task.Delay(10);
        }

        await Cluster.Kill(cluster.Host);
    }
}
