using System.Text.Json;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.Storage;
using SslOrleans.Silo;
using SslOrleans.Tests.Grains.Support;

namespace SslOrleans.Tests.Grains.Runs;

/// <summary>What grains tell people of themselves, on our page and on Orleans' own.</summary>
public class GrainFactsTests
{
    [Fact]
    public async Task Grains_of_a_run_tell_version_hash_size_warm_copy_and_what_they_wait_for()
    {
        await using var cluster = await Cluster.Start(workers: 1);
        using var second = await cluster.AddSilo(SiloHost.WithPorts(new SiloSettings { Name = "second", Workers = 0 }), Roles.Parameters);
        var grains = cluster.Grains;
        var told = new List<object>();
        var (status, _) = await cluster.Train("run", SmallRuns.Recipe("mocov2"), SmallRuns.Images, onEvent: async e =>
        {
            if (e is not { Kind: RunEventKind.Step, Step: 6 })
                return;
            var run = await grains.GetGrain<ITrainingRunGrain>("run").GetState();
            Assert.Matches(@"^0 on (second|first-\w+), 1 on (second|first-\w+), 2 on (second|first-\w+)$", run.WarmCopies);
            Assert.StartsWith("step ", run.WaitsFor, StringComparison.Ordinal);
            Assert.Equal("mocov2", run.Method);
            Assert.True(run is { Phase: RunPhase.Training, Step: >= 7, TotalSteps: 12, Loss: > 0, LastCheckpoint: >= 0, Workers: [_] }, $"{run}");
            told.Add(run);
            for (var slice = 0; slice < 3; slice++)
            {
                var facts = await grains.GetGrain<IParameterGrain>($"run/{slice}").GetState();
                Assert.True(facts is { Version: >= 7, Tensors: > 0, Bytes: > 0, Norm: > 0, Hash.Length: 32, WarmCopy.Length: > 0 }, $"{facts}");
                Assert.Matches(@"^step \d+: (its commit|micro-batches [\d, -]+)$", facts.WaitsFor);
                told.Add(facts);
                var teacher = await grains.GetGrain<ITeacherGrain>($"run/{slice}").GetState();
                Assert.True(teacher is { Version: >= 7, Bytes: > 0, Norm: > 0, Hash.Length: 32, Momentum: > 0, DistanceToStudent: >= 0 }, $"{teacher}");
                told.Add(teacher);
            }

            var queue = await grains.GetGrain<INegativeQueueGrain>("run").GetState();
            Assert.True(queue is { Version: >= 7, Bytes: > 0, WarmCopy.Length: > 0, Values: [{ Kind: "queue", Filled: 96, Pushed: >= 168, Hash.Length: 32 }] }, $"{queue}");
            told.Add(queue);
            var worker = await grains.GetGrain<IWorkerGrain>($"{cluster.Settings.Name}/0").GetState();
            Assert.Equal(["run"], worker.Runs);
            told.Add(worker);
            var copies = await Task.WhenAll(new[] { "second", cluster.Settings.Name }.Select(s => grains.GetGrain<IWarmCopyGrain>($"{s}/run").GetState()));
            Assert.Equal(["queue", "slice 0", "slice 1", "slice 2"], copies.SelectMany(c => c.Versions.Keys).Order(StringComparer.Ordinal));
            told.AddRange(copies);
        });

        Assert.Equal(RunPhase.Completed, status.Phase);
        var end = await grains.GetGrain<ITrainingRunGrain>("run").GetState();
        Assert.Equal((await Ledger.Read(RunStorage.Open(cluster.Folder), "run"))[^1].Hash, end.WeightsHash);
        var slices = await Task.WhenAll(Enumerable.Range(0, 3).Select(s => grains.GetGrain<IParameterGrain>($"run/{s}").GetState()));
        Assert.Equal(end.WeightsHash, SliceSet.Combine(slices.Select(s => s.Hash)));
        Assert.All(slices, s => Assert.Equal("step 12: micro-batches 0-5", s.WaitsFor));

        // As Orleans' dashboard writes them.
        Assert.Equal(11, told.Count);
        Assert.All(told, t => Assert.StartsWith("{", JsonSerializer.Serialize(t), StringComparison.Ordinal));
        Assert.Contains("\"Phase\":\"Completed\"", JsonSerializer.Serialize(end), StringComparison.Ordinal);
        await second.StopAsync();
    }

    [Fact]
    public async Task Grains_that_hold_nothing_say_so()
    {
        await using var cluster = await Cluster.Start(workers: 0);
        var grains = cluster.Grains;
        Assert.Equal(RunPhase.Created, (await grains.GetGrain<ITrainingRunGrain>("nobody").GetState()).Phase);
        Assert.Equal(-1, (await grains.GetGrain<IParameterGrain>("nobody/0").GetState()).Version);
        Assert.Equal(-1, (await grains.GetGrain<ITeacherGrain>("nobody/0").GetState()).Version);
        Assert.Equal(-1, (await grains.GetGrain<INegativeQueueGrain>("nobody").GetState()).Version);
        Assert.Equal(-1, (await grains.GetGrain<IMethodStateGrain>("nobody").GetState()).Version);
        Assert.Empty((await grains.GetGrain<IWarmCopyGrain>($"{cluster.Settings.Name}/nobody").GetState()).Versions);
        Assert.Equal("the next version", (await grains.GetGrain<IEvaluatorGrain>("nobody").GetState()).WaitsFor);
    }

    [Fact]
    public async Task A_shard_tells_of_its_index_and_of_what_it_served()
    {
        await using var cluster = await Cluster.Start(workers: 0);
        var file = (await cluster.Grains.GetGrain<IDataSetGrain>(SmallRuns.Images).List()).First(f => f.Name.Contains("train", StringComparison.Ordinal));
        var shard = cluster.Grains.GetGrain<IDataShardGrain>(IDataShardGrain.KeyOf(SmallRuns.Images, file.Name));
        Assert.Equal(new ShardFacts(file.Name, SmallRuns.Images, "", null, 0, ""), await shard.GetState());

        var index = await shard.Index(file, 0);
        await shard.Read(file, 0, 100);
        await shard.Read(file, 10, 20);
        Assert.Equal(new ShardFacts(file.Name, SmallRuns.Images, file.Version, index.Bytes.Value.Length, 120, ""), await shard.GetState());
    }
}
