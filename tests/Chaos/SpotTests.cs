using SslOrleans.Client.Chaos;
using SslOrleans.Client.Training;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Tests.Chaos;

/// <summary>Workers that are taken away by the clock and given back: what <c>sslo bench goodput</c> measures.</summary>
public sealed class SpotTests(SmallRun small) : IClassFixture<SmallRun>
{
    [Fact]
    [Trait("Category", "Slow")]
    public async Task Steps_only_grow_while_workers_are_taken_and_given_back()
    {
        var recipe = RecipeReader.Read(small.Recipe("simclr"), ["steps=1000000"]);
        var request = new TrainingRequest("spot", recipe, small.Images, small.Runs, Workers: 3, Device: "cpu") { Dashboard = "off" };
        var found = await new SpotRun(request, new SpotSchedule(TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(15))).Go(CancellationToken.None);
        Assert.True(found.Exact);
        Assert.Equal(3, found.Losses.Count);
        Assert.Equal(Enumerable.Range(1, (int)found.Kept).Select(k => (long)k), found.Steps.Select(s => s.Steps));
        Assert.InRange(found.Steps[^1].Seconds, found.Losses[^1], 15);
    }
}
