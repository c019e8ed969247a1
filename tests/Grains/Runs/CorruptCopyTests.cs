using Microsoft.Extensions.DependencyInjection;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Parameters;
using SslOrleans.Grains.Placement;
using SslOrleans.Learning.Training;
using SslOrleans.Silo;
using SslOrleans.Tests.Grains.Support;

namespace SslOrleans.Tests.Grains.Runs;

/// <summary>A bit that changes in the memory of a slice or of its warm copy is found before anything is computed from it.</summary>
public class CorruptCopyTests
{
    private const string Run = "run";

    /// <summary>Parameters, optimiser state and teacher: the first shows in the weights at the next step, the last only when it is taken over.</summary>
    [Theory]
    [InlineData("params")]
    [InlineData("momentum")]
    [InlineData("teacher")]
    public async Task ACopyWithAFlippedBitIsNamedAndMadeAnew(string vector)
    {
        var recipe = SmallRuns.Recipe("byol", "workers.verify=0.05");
        var (caught, flipped) = (new CaughtGrains(), false);
        await using var cluster = await Cluster.Start(2, replace: s => s.AddSingleton<IIncomingGrainCallFilter>(caught));
        using var owner = await AddOwner(cluster, caught);
        var (status, events) = await cluster.Train(Run, recipe, SmallRuns.Images, onEvent: async e =>
        {
            if (e is { Kind: RunEventKind.Step, Step: >= 4 } && !flipped)
                flipped = await InPause(cluster, () => FlippedBit.In(Vector(caught.Copy(0)!, vector)));

            // What takes over must be the copy that was made anew.
            if (e is { Kind: RunEventKind.Step, Step: 8 })
                await Cluster.Kill(owner);
        });
        Assert.True(status.Phase == RunPhase.Completed, string.Join('\n', events.Select(e => e.Text)));
        Assert.Contains(events, e => e.Kind == RunEventKind.Warning && e.Text == $"the warm copy of slice 0 on {cluster.Settings.Name} had other bits than its slice: it was made anew; look at the memory of that machine");
        Assert.DoesNotContain(events, e => e.Text.Contains("restored checkpoint", StringComparison.Ordinal));
        VerificationTests.AssertExact(cluster, recipe);
    }

    [Fact]
    public async Task ACopyWithAFlippedBitIsNotTakenOver()
    {
        var recipe = SmallRuns.Recipe("byol", "workers.verify=0.05");
        var (caught, flipped) = (new CaughtGrains(), false);
        await using var cluster = await Cluster.Start(2, replace: s => s.AddSingleton<IIncomingGrainCallFilter>(caught));
        using var owner = await AddOwner(cluster, caught);
        var (status, events) = await cluster.Train(Run, recipe, SmallRuns.Images, onEvent: async e =>
        {
            if (e is { Kind: RunEventKind.Step, Step: >= 4 } && !flipped)
            {
                flipped = await InPause(cluster, () =>
                {
                    FlippedBit.In(Vector(caught.Copy(0)!, "teacher"));
                    return Cluster.Kill(owner);
                });
            }
        });
        Assert.True(status.Phase == RunPhase.Completed, string.Join('\n', events.Select(e => e.Text)));
        Assert.Contains(events, e => e.Text.StartsWith($"the warm copy of slice 0 on {cluster.Settings.Name} has other bits than at its last commit and was not taken over", StringComparison.Ordinal));
        Assert.Contains(events, e => e.Text.Contains("restored checkpoint", StringComparison.Ordinal));
        VerificationTests.AssertExact(cluster, recipe);
    }

    [Fact]
    public async Task ASliceWithAFlippedBitTakesTheValuesOfItsCopy()
    {
        var recipe = SmallRuns.Recipe("byol", "workers.verify=0.05");
        var (caught, flipped) = (new CaughtGrains(), false);
        await using var cluster = await Cluster.Start(2);
        using var owner = await AddOwner(cluster, caught);
        var (status, events) = await cluster.Train(Run, recipe, SmallRuns.Images, onEvent: async e =>
        {
            if (e is { Kind: RunEventKind.Step, Step: >= 4 } && !flipped)
                flipped = await InPause(cluster, () => FlippedBit.In(caught.Slice(0).OptimizerState.First().Values));
        });
        Assert.True(status.Phase == RunPhase.Completed, string.Join('\n', events.Select(e => e.Text)));
        Assert.Contains(events, e => e.Text.StartsWith($"Slice {Run}/0 on {owner.Services.GetRequiredService<SiloSettings>().Name} has other bits than at its last commit", StringComparison.Ordinal));
        Assert.DoesNotContain(events, e => e.Text.Contains("restored checkpoint", StringComparison.Ordinal));
        VerificationTests.AssertExact(cluster, recipe);
        await owner.StopAsync();
    }

    private static float[] Vector(SliceCopy copy, string name) => name == "teacher"
        ? CaughtGrains.Field<TeacherState>(copy, "_teacher").Values
        : name == "params" ? CaughtGrains.Field<SliceState>(copy, "_state").Parameters : CaughtGrains.Field<SliceState>(copy, "_state").OptimizerState.First().Values;

    private static Task<bool> InPause(Cluster cluster, Action flip) => InPause(cluster, () =>
    {
        flip();
        return Task.CompletedTask;
    });

    private static async Task<bool> InPause(Cluster cluster, Func<Task> flip)
    {
        var grain = cluster.Grains.GetGrain<ITrainingRunGrain>(Run);
        await grain.Pause();
        while ((await grain.Status()).Phase != RunPhase.Paused)
            await Task.Delay(20);
        await flip();
        await grain.Continue();
        return true;
    }

    /// <summary>A silo that slice 0 lives on; its copy is on the first silo then.</summary>
    private static Task<Microsoft.Extensions.Hosting.IHost> AddOwner(Cluster cluster, CaughtGrains caught)
    {
        var first = cluster.Settings.Name;
        var name = Enumerable.Range(0, 1000).Select(i => $"owner-{i}")
            .First(n => ParameterSilos.Weight($"{Run}/0", n) > ParameterSilos.Weight($"{Run}/0", first) && ParameterSilos.Weight(Run, n) < ParameterSilos.Weight(Run, first));
        return cluster.AddSilo(SiloHost.WithPorts(new SiloSettings { Name = name, Workers = 0 }), Roles.Parameters, s => s.AddSingleton<IIncomingGrainCallFilter>(caught));
    }
}
