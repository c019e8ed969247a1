namespace SslOrleans.Client.Tests;

public class SimulateCommandTests
{
    [Fact]
    public async Task It_prints_goodput_and_the_limit()
    {
        var call = await Invocation.Of("simulate", "--workers", "16", "--for", "1h", "--mtbf", "1h", "--bandwidth", "100Gb");

        Assert.Equal("", call.Error);
        Assert.Equal(0, call.Code);
        Assert.Contains("goodput", call.Output);
        Assert.Contains("the limit", call.Output);
    }

    [Fact]
    public async Task It_speaks_json()
    {
        var call = await Invocation.Of("simulate", "--workers", "2", "--for", "10m", "--json");

        Assert.InRange(Assert.Single(call.JsonLines).GetProperty("goodput").GetDouble(), 0.1, 1.01);
    }

    [Theory]
    [InlineData("--mtbf is \"often\"; write it as 30s", "--mtbf", "often")]
    [InlineData("--bandwidth is \"25\"; write it as 25Gb", "--bandwidth", "25")]
    [InlineData("--model is \"gpt\"; use one of conv4", "--model", "gpt")]
    [InlineData("--batch is 101, no multiple of --micro-batch 4", "--batch", "101")]
    public async Task A_senseless_cluster_is_refused(string expected, params string[] args)
    {
        var call = await Invocation.Of(["simulate", .. args]);

        Assert.Equal(2, call.Code);
        Assert.Contains(expected, call.ErrorLine);
    }
}
