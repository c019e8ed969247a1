using System.Text.Json;
using SslOrleans.Client.Chaos;

namespace SslOrleans.Tests.Chaos;

/// <summary>Networks that lose everything for a while, and a storage that goes away, with real processes.</summary>
public sealed class ChaosNetworkTests(SmallRun small) : IClassFixture<SmallRun>
{
    /// <summary>Hosts that are cut off, mute, deaf, lossy or slow, declared dead while they live and heard again too late: no bit differs.</summary>
    [Fact]
    public async Task Hosts_whose_networks_fail_give_the_same_bits()
    {
        Assert.SkipWhen(HostNetwork.Obstacle() is not null, $"chaos --hosts: {HostNetwork.Obstacle()}");
        var report = await Chaos("byol", "--steps", "24", "--workers", "2", "--kills", "0", "--partitions", "3", "--seed", "1883", "--targets", "workers,parameters", "--hosts", "4");
        Assert.True(report.GetProperty("partitions").GetInt32() >= 2, $"{report}");
    }

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("byol")]
    [InlineData("mocov2")]
    [InlineData("byol-sync")]
    public async Task CutOffSilosGiveTheSameBitsTenSeeds(string method)
    {
        for (var seed = 40; seed < 50; seed++)
            await Chaos(method, "--steps", "30", "--workers", "2", "--kills", "3", "--partitions", "6", "--seed", $"{seed}", "--targets", "workers,parameters", "--hosts", "5");
    }

    /// <summary>The commit waits for the storage, and nothing that it has acknowledged is lost.</summary>
    [Fact]
    [Trait("Category", "Azurite")]
    [Trait("Category", "Slow")]
    public async Task AStorageThatGoesAwayHoldsTheRunAndCostsNoBit()
    {
        var azurite = SslOrleans.Grains.Tests.Storage.AzuriteInstallation.Install();
        var report = await Chaos("mocov2", "--steps", "16", "--workers", "2", "--kills", "3", "--seed", "655", "--targets", "storage,workers", "--azurite", azurite);
        var storage = report.GetProperty("events").EnumerateArray().Where(e => e.GetProperty("target").GetString() == "storage").ToList();
        Assert.Contains(storage, e => e.GetProperty("action").GetString() == "leave");
        Assert.Contains(storage, e => e.GetProperty("action").GetString() == "hang");

        // The account's key is in no file that is left, and in no line that was printed.
        Assert.All(Directory.GetFiles(small.Runs, "*", SearchOption.AllDirectories), f => Assert.DoesNotContain("AccountKey=", File.ReadAllText(f), StringComparison.Ordinal));
    }

    private async Task<JsonElement> Chaos(string method, params string[] options)
    {
        var (code, json, error) = await SsloProcess.Run(["chaos", small.Recipe(method), "--data", small.Images, "--runs", small.Runs, .. options]);
        Assert.True(code == 0, $"exit code {code}\n{string.Join('\n', json)}\n{error}");
        Assert.DoesNotContain("AccountKey=", $"{string.Join('\n', json)}{error}", StringComparison.Ordinal);
        var report = Assert.Single(json, j => j.TryGetProperty("bitEqual", out _));
        Assert.True(report.GetProperty("bitEqual").GetBoolean());
        Assert.True(report.GetProperty("exact").GetBoolean());
        Assert.DoesNotContain("warn:", error, StringComparison.Ordinal);
        return report;
    }
}
