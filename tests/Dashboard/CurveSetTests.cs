using SslOrleans.Silo.Dashboard.Watching;

namespace SslOrleans.Tests.Dashboard;

public sealed class CurveSetTests
{
    [Fact]
    public void A_hundred_thousand_points_become_few_and_lose_no_spike_and_no_gap()
    {
        var set = new CurveSet();
        for (var step = 0; step < 100_000; step++)
            set.Add(step, new Dictionary<string, double> { ["loss"] = step == 70_001 ? double.NaN : step == 33_333 ? 1000 : Math.Sin(step * 0.001) });

        var curve = set.Get("loss", 0, long.MaxValue, 1200);

        Assert.Equal(100_000, curve.Of);
        Assert.InRange(curve.Steps.Count, 600, 1500);
        Assert.Equal(curve.Steps.Order(), curve.Steps);
        Assert.Equal((0, 99_999), (curve.Steps[0], curve.Steps[^1]));
        Assert.Contains(33_333L, curve.Steps);
        Assert.Contains(curve.Values, double.IsNaN);
        var close = set.Get("loss", 33_300, 33_400, 1200);
        Assert.Equal(101, close.Steps.Count);
    }

    [Fact]
    public void Steps_that_were_computed_again_replace_what_they_gave_and_unknown_names_are_empty()
    {
        var set = new CurveSet();
        foreach (var (step, value) in new[] { (1, 1.0), (2, 2.0), (3, 3.0), (2, 20.0), (5, 5.0) })
            set.Add(step, new Dictionary<string, double> { ["loss"] = value });

        var curve = set.Get("loss", 0, long.MaxValue, 100);
        Assert.Equal([1L, 2L, 3L, 5L], curve.Steps);
        Assert.Equal([1.0, 20.0, 3.0, 5.0], curve.Values);
        Assert.Empty(set.Get("nothing", 0, 10, 100).Steps);
        Assert.Empty(set.Get("loss", 100, 200, 100).Steps);
    }
}
