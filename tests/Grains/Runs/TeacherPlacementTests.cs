using Microsoft.Extensions.DependencyInjection;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Placement;
using SslOrleans.Silo;
using SslOrleans.Tests.Grains.Support;

namespace SslOrleans.Tests.Grains.Runs;

public class TeacherPlacementTests
{
    /// <summary>
    /// A silo that is better for the key comes after the slice was placed and before its teacher is. On that silo the teacher would die
    /// together with the warm copy that stands for both.
    /// </summary>
    [Fact]
    public async Task ATeacherLivesBesideItsSliceThoughABetterSiloHasCome()
    {
        const string Key = "run/0";
        await using var cluster = await Cluster.Start(workers: 0);
        var slice = cluster.Grains.GetGrain<IParameterGrain>(Key);
        await slice.Create(RecipeReader.Write(SmallRuns.Recipe("byol")), [new TensorEntry("weight", [2], 0, 2, (int)TensorKind.Trained, Followed: true)]);

        var better = Enumerable.Range(0, 1000).Select(i => $"better-{i}").First(n => ParameterSilos.Weight(Key, n) > ParameterSilos.Weight(Key, cluster.Settings.Name));
        using var other = await cluster.AddSilo(SiloHost.WithPorts(new SiloSettings { Name = better, Workers = 0 }), Roles.Parameters);
        await slice.Load(Payload.Of(new float[2]));

        // A step that is over changes nothing and tells where the teacher is.
        Assert.Equal(cluster.Settings.Name, await cluster.Grains.GetGrain<ITeacherGrain>(Key).Follow(-1, 0.9, Payload.Of(new float[2])));
        await other.StopAsync();
    }

    [Fact]
    public async Task ACopyIsKeptOffTheTeachersSiloWhereAThirdOneExists()
    {
        const string Key = "run/0";
        await using var cluster = await Cluster.Start(workers: 0);
        var silos = cluster.Host.Services.GetRequiredService<ParameterSilos>();
        using var second = await cluster.AddSilo(SiloHost.WithPorts(new SiloSettings { Name = "second", Workers = 0 }), Roles.Parameters);
        Assert.Equal("second", silos.ForCopy(Key, cluster.Settings.Name, now: "", other: "second"));
        using var third = await cluster.AddSilo(SiloHost.WithPorts(new SiloSettings { Name = "third", Workers = 0 }), Roles.Parameters);
        Assert.Equal("second", silos.ForCopy(Key, cluster.Settings.Name, now: "second"));
        Assert.Equal("third", silos.ForCopy(Key, cluster.Settings.Name, now: "second", other: "second"));
        Assert.Equal("second", silos.ForCopy(Key, cluster.Settings.Name, now: "third", other: "third"));
        await third.StopAsync();
        await second.StopAsync();
    }
}
