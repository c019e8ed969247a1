using Orleans;

namespace SslOrleans.Conformance;

[Collection(nameof(SharedCluster))]
public sealed class PlacementTests(SharedCluster cluster)
{
    [Fact]
    public async Task AFilterKeepsAGrainWhereItsRoleIs()
    {
        foreach (var grains in new[] { cluster.Grains, cluster.Second.Grains() })
        {
            for (var i = 0; i < 10; i++)
                Assert.Equal("parameters", await grains.GetGrain<IRoleGrain>(Guid.NewGuid().ToString()).Role());
        }
    }

    [Fact]
    public async Task PreferLocalIsTheCallersSilo()
    {
        Assert.Equal("first", await cluster.First.Grains().GetGrain<ILocalGrain>(Guid.NewGuid().ToString()).Silo());
        Assert.Equal("second", await cluster.Second.Grains().GetGrain<ILocalGrain>(Guid.NewGuid().ToString()).Silo());
    }

    [Fact]
    public async Task ABoundGrainWakesUpAtHomeOnly()
    {
        var key = "second/" + Guid.NewGuid();
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => cluster.First.Grains().GetGrain<IBoundGrain>(key).Silo());
        Assert.Contains("second is not here", error.Message, StringComparison.Ordinal);
        // The failed activation may need a moment to be forgotten.
        await Eventually.SucceedsAsync(async () => Assert.Equal("second", await cluster.Second.Grains().GetGrain<IBoundGrain>(key).Silo()));
        Assert.Equal("second", await cluster.First.Grains().GetGrain<IBoundGrain>(key).Silo());
        Assert.Equal("second", await cluster.Grains.GetGrain<IBoundGrain>(key).Silo());
    }

    [Fact]
    public async Task HashAndRandomPlacementUseBothSilos()
    {
        var hashed = new HashSet<string>();
        var random = new HashSet<string>();
        for (var i = 0; i < 40; i++)
        {
            hashed.Add(await cluster.Grains.GetGrain<IHashedGrain>($"hashed{i}").Silo());
            random.Add(await cluster.Grains.GetGrain<ILifeGrain>($"random{i}").Silo());
        }
        Assert.Equal(2, hashed.Count);
        Assert.Equal(2, random.Count);
    }
}
