using System.Diagnostics;
using System.Text.Json;
using SslOrleans.Learning.Data;

namespace SslOrleans.Tests.Chaos;

/// <summary>The project's sentence, with real processes and real SIGKILLs.</summary>
public sealed class ChaosTests(SmallRun small) : IClassFixture<SmallRun>
{
    [Theory]
    [InlineData("simclr", 11)]
    [InlineData("mocov2", 12)]
    [InlineData("byol-sync", 14)]
    public Task KilledHungLeftAndJoinedGiveTheSameBits(string method, int seed) => Chaos(method, seed, 20, 4, 1);

    /// <summary>A silo that holds slices, teachers or the queue is killed, and a worker: nothing that was committed is computed again.</summary>
    [Fact]
    public async Task AParameterSiloDiesAndNoStepIsRolledBack()
    {
        var (code, json, error) = await SsloProcess.Run(
            "chaos", small.Recipe("mocov2"), "--data", small.Images, "--runs", small.Runs, "--steps", "16", "--workers", "2", "--kills", "2", "--seed", "5", "--targets", "parameters,workers");
        Assert.True(code == 0, $"{string.Join('\n', json)}\n{error}");
        var report = Assert.Single(json, j => j.TryGetProperty("bitEqual", out _));
        Assert.True(report.GetProperty("bitEqual").GetBoolean());
        Assert.True(report.GetProperty("exact").GetBoolean());
        Assert.Equal(0, report.GetProperty("rolledBackSteps").GetInt32());
        Assert.Equal(["parameters", "workers"], report.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("target").GetString()).Order());
    }

    // Whose state byol-sync has too.
    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("byol", 13)]
    public Task KilledHungLeftAndJoinedGiveTheSameBitsToo(string method, int seed) => Chaos(method, seed, 20, 4, 1);

    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("simclr")]
    [InlineData("vicreg")]
    [InlineData("mocov2")]
    [InlineData("byol")]
    [InlineData("byol-sync")]
    public Task TenKillsInSixtyStepsTwentySeeds(string method) => Chaos(method, 100, 60, 10, 20);

    /// <summary>Two hundred schedules, and nobody is safe in them: workers, silos with slices, and the one in which the run began.</summary>
    [Theory]
    [Trait("Category", "Slow")]
    [InlineData("simclr")]
    [InlineData("vicreg")]
    [InlineData("mocov2")]
    [InlineData("byol")]
    public async Task FiftySeedsOverAllTargets(string method)
    {
        const int Rounds = 50, Steps = 40, Kills = 4;
        var reports = await Reports(method, 1000, Steps, Kills, Rounds, "--targets", "workers,parameters,first");
        Assert.Equal(Rounds, reports.Count);
        Assert.InRange(reports.Sum(r => r.GetProperty("kills").GetInt32()), Rounds * Kills * 3 / 4, Rounds * Kills);
    }

    /// <summary>Embeddings that are too large for a message die with the worker that made them, and gradients with the one that coupled.</summary>
    [Fact]
    [Trait("Category", "Slow")]
    public Task EmbeddingsThatDieWithTheirWorkerGiveTheSameBits() => Chaos("vicreg", 21, 30, 14, 2, "projector.shape=2048-2048-2048", "batch.micro=4");

    [Fact]
    public async Task AfterEverythingIsKilledAtOnceResumeArrivesAtTheSameBits()
    {
        var (code, calm, error) = await SsloProcess.Run("train", small.Recipe("mocov2"), "--data", small.Images, "--runs", small.Runs, "--run", "calm", "--steps", "24");
        Assert.True(code == 0, error);

        // Killed twice: once with a checkpoint behind it, once right after the resume.
        var first = SsloProcess.Start("train", small.Recipe("mocov2"), "--data", small.Images, "--runs", small.Runs, "--run", "lost", "--steps", "24", "--workers", "2", "--json");
        await KillTreeAtStep(first, 13);
        var second = SsloProcess.Start("resume", "lost", "--runs", small.Runs, "--json");
        await KillTreeAtStep(second, 17);
        (code, var resumed, error) = await SsloProcess.Run("resume", "lost", "--runs", small.Runs, "--workers", "1");
        Assert.True(code == 0, error);
        Assert.NotEmpty(resumed);
        Assert.NotEmpty(calm);

        (code, var audit, error) = await SsloProcess.Run("audit", "lost", "--runs", small.Runs, "--replay", "all");
        Assert.True(code == 0, error);
        Assert.True(audit[0].GetProperty("exact").GetBoolean());
        Assert.Equal((0, 24), (audit[0].GetProperty("replayedFrom").GetInt32(), audit[0].GetProperty("replayed").GetInt32()));
        Assert.Equal(await Hash("calm"), audit[0].GetProperty("hash").GetString());
    }

    /// <summary>Two epochs of twenty steps each, and not the ledger's verdict alone but each epoch's count.</summary>
    [Fact]
    [Trait("Category", "Slow")]
    public async Task TwoWholeEpochsUnderChaosUseEverySampleOnce()
    {
        const int Samples = 960;
        var images = Path.Combine(small.Folder, "images-960");
        GeneratedImages.Write(images, Samples, 32, 5);
        var (code, report, error) = await SsloProcess.Run(
            "chaos", small.Recipe("byol-sync"), "--data", images, "--runs", small.Runs, "--steps", "40", "--workers", "3", "--kills", "10", "--seed", "21");
        Assert.True(code == 0, error);
        Assert.True(report.Single(j => j.TryGetProperty("kills", out _)).GetProperty("kills").GetInt32() >= 9);

        (code, var audit, error) = await SsloProcess.Run("audit", "chaos-byol-sync-21", "--runs", small.Runs, "--replay", "39");
        Assert.True(code == 0, error);
        var epochs = audit[0].GetProperty("epochs").EnumerateArray().ToList();
        Assert.Equal(2, epochs.Count);
        Assert.All(epochs, e => Assert.Equal(
            (Samples, 0, 0, true),
            (e.GetProperty("used").GetInt32(), e.GetProperty("lost").GetInt32(), e.GetProperty("twice").GetInt32(), e.GetProperty("isComplete").GetBoolean())));
        Assert.Equal((30, 10), (audit[0].GetProperty("replayedFrom").GetInt32(), audit[0].GetProperty("replayed").GetInt32()));
    }

    private async Task Chaos(string method, int seed, int steps, int kills, int rounds, params string[] settings)
    {
        var reports = await Reports(method, seed, steps, kills, rounds, [.. settings.SelectMany(s => new[] { "--set", s })]);
        Assert.Equal(rounds, reports.Count);
        Assert.All(reports, r => Assert.True(r.GetProperty("kills").GetInt32() >= kills - 1, $"{r}"));
    }

    /// <summary>One report a round, each with the bits of the undisturbed run and every position once.</summary>
    private async Task<List<JsonElement>> Reports(string method, int seed, int steps, int kills, int rounds, params string[] more)
    {
        var (code, json, error) = await SsloProcess.Run([
            "chaos", small.Recipe(method), "--data", small.Images, "--runs", small.Runs, "--steps", $"{steps}", "--workers", "3", "--kills", $"{kills}", "--seed", $"{seed}", "--rounds", $"{rounds}", .. more]);
        var reports = json.Where(j => j.TryGetProperty("bitEqual", out _)).ToList();
        Assert.True(code == 0, $"{string.Join('\n', json)}\n{error}");

        // What was done on purpose is told as an event, not as a failure of the host.
        Assert.DoesNotContain("warn:", error, StringComparison.Ordinal);
        Assert.All(reports, r =>
        {
            Assert.True(r.GetProperty("bitEqual").GetBoolean());
            Assert.True(r.GetProperty("exact").GetBoolean());
            Assert.Equal(steps, r.GetProperty("steps").GetInt32());
        });
        return reports;
    }

    private async Task<string> Hash(string run)
    {
        var (code, json, error) = await SsloProcess.Run("hash", run, "--runs", small.Runs);
        Assert.True(code == 0, error);
        return json[0].GetProperty("hash").GetString()!;
    }

    private static int Lines(string path)
    {
        if (!File.Exists(path))
            return 0;
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        return reader.ReadToEnd().Count(c => c == '\n');
    }

    /// <summary>Waits for the ledger to have so many lines, then SIGKILLs the process and its workers.</summary>
    private async Task KillTreeAtStep(Process process, int step)
    {
        using (process)
        {
            _ = process.StandardOutput.ReadToEndAsync();
            _ = process.StandardError.ReadToEndAsync();
            var ledger = Path.Combine(small.Runs, "lost", "ledger.jsonl");
            while (!process.HasExited && Lines(ledger) < step)
                await Task.Delay(10);
            Assert.False(process.HasExited, "the run ended before it could be killed");
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }
    }
}
