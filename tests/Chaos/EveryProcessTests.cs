using SslOrleans.Contracts.Messages;
using System.Diagnostics;
using System.Text.Json;
using SslOrleans.Silo.Membership;

namespace SslOrleans.Tests.Chaos;

/// <summary>No process of a training on one machine is special: not the one that began it either.</summary>
public sealed class EveryProcessTests(SmallRun small) : IClassFixture<SmallRun>
{
    private readonly List<Process> _started = [];

    /// <summary>
    /// Three silos train: a command and two that joined it from other terminals. The command is killed, then the second, then the third,
    /// each when the others hold warm copies and another one has taken the place of the one before.
    /// </summary>
    [Fact]
    [Trait("Category", "Slow")]
    public async Task Each_of_three_silos_is_killed_in_turn_and_the_run_completes_with_the_bits_of_an_undisturbed_one()
    {
        const int Steps = 150;
        var calm = await Calm(Steps);
        try
        {
            var train = Train("each", Steps);
            await small.Commits("each", 1);
            var (second, third) = (await Join("each", "second"), await Join("each", "third"));
            await Kill("each", train, "second");

            // From another terminal, and whoever is gone.
            var (code, status, error) = await SsloProcess.Run("status", "each", "--runs", small.Runs);
            Assert.True(code == 0, error);
            Assert.Equal("each", status[0].GetProperty("run").GetString());
            await Watch("each");

            await Join("each", "fourth");
            await Kill("each", second, "third");
            await Join("each", "fifth");
            await Kill("each", third, "fourth");
            await Completes("each", Steps, calm);
        }
        finally
        {
            await EndAll();
        }
    }

    /// <summary>Worker processes of a command that is killed finish its run, or stop with it, and then nothing of it is left.</summary>
    [Fact]
    [Trait("Category", "Slow")]
    public async Task Workers_of_a_command_that_is_killed_finish_its_run_and_end()
    {
        const int Steps = 60;
        var calm = await Calm(Steps);
        try
        {
            foreach (var stops in new[] { false, true })
            {
                var run = stops ? "stopped" : "finished";
                var train = Train(run, Steps, "--workers", "2");
                await small.Commits(run, 3);
                await Kill(run, train, "worker-");
                if (stops)
                {
                    var (code, _, error) = await SsloProcess.Run("stop", run, "--runs", small.Runs);
                    Assert.True(code == 0, error);
                    await NobodyLives();
                    var entries = await small.Ledger(run);
                    Assert.InRange(entries.Count, 3, Steps - 1);
                    (code, _, error) = await SsloProcess.Run("resume", run, "--runs", small.Runs, "--workers", "1");
                    Assert.True(code == 0, error);
                }

                await Completes(run, Steps, calm);
                await NobodyLives();
            }
        }
        finally
        {
            await EndAll();
        }
    }

    /// <summary>The process in which the run began, with its slices, dies like any other.</summary>
    [Fact]
    [Trait("Category", "Slow")]
    public async Task The_first_silo_dies_and_no_step_is_rolled_back()
    {
        var (code, json, error) = await SsloProcess.Run(
            "chaos", small.Recipe("mocov2"), "--data", small.Images, "--runs", small.Runs, "--steps", "60", "--workers", "2", "--kills", "2", "--seed", "3", "--targets", "first,workers");
        Assert.True(code == 0, $"{string.Join('\n', json)}\n{error}");
        var report = Assert.Single(json, j => j.TryGetProperty("bitEqual", out _));
        Assert.True(report.GetProperty("bitEqual").GetBoolean());
        Assert.True(report.GetProperty("exact").GetBoolean());
        Assert.Equal(0, report.GetProperty("rolledBackSteps").GetInt32());
        Assert.Equal(0, report.GetProperty("missed").GetInt32());
        Assert.Equal(["first", "workers"], report.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("target").GetString()).Order());
    }

    private async Task<string> Calm(int steps)
    {
        var run = $"calm-{steps}";
        var (code, _, error) = await SsloProcess.Run("train", small.Recipe("mocov2"), "--data", small.Images, "--runs", small.Runs, "--run", run, "--steps", $"{steps}", "--workers", "1", "--dashboard", "off");
        Assert.True(code == 0, error);
        return (await small.Ledger(run))[^1].Hash;
    }

    private Process Train(string run, int steps, params string[] more)
        => Start(["train", small.Recipe("mocov2"), "--data", small.Images, "--runs", small.Runs, "--run", run, "--steps", $"{steps}", "--dashboard", "off", .. more]);

    private Process Start(params string[] arguments)
    {
        var process = SsloProcess.Start(arguments);
        _ = process.StandardOutput.ReadToEndAsync();
        _ = process.StandardError.ReadToEndAsync();
        _started.Add(process);
        return process;
    }

    /// <summary>One more silo, from another terminal; it computes when this returns.</summary>
    private async Task<Process> Join(string run, string name)
    {
        var silo = Start("silo", "--join", small.Runs, "--name", name);
        await SmallRun.Until($"{name} joins", async () => (await small.Events(run)).Any(e => e.Kind == RunEventKind.Joined && e.Worker == $"{name}/0"));
        return silo;
    }

    /// <summary>SIGKILL in the middle of the steps, when a silo of this name has a warm copy of some slice; the run goes on from where it stood.</summary>
    private async Task Kill(string run, Process victim, string copyOn)
    {
        await SmallRun.Until($"{copyOn} has a copy", async () => (await small.Events(run)).LastOrDefault(e => e.Text.StartsWith("warm copies", StringComparison.Ordinal))?.Text.Contains($"on {copyOn}", StringComparison.Ordinal) == true);
        var before = await small.Commits(run, 1 + (await small.Ledger(run)).Count);
        Assert.False(victim.HasExited);
        victim.Kill();
        await victim.WaitForExitAsync();
        await small.Commits(run, before + 3);
        Assert.DoesNotContain(await small.Events(run), e => e.Values.GetValueOrDefault("computedAgain") > 0);
    }

    private async Task Watch(string run)
    {
        using var watch = SsloProcess.Start("watch", run, "--runs", small.Runs, "--json");
        var saidSteps = 0;
        while (saidSteps < 2 && await watch.StandardOutput.ReadLineAsync().WaitAsync(SmallRun.Patience) is { } line)
            saidSteps += JsonDocument.Parse(line).RootElement.TryGetProperty("event", out var said) && said.GetString() == "step" ? 1 : 0;
        Assert.True(saidSteps == 2, watch.HasExited ? await watch.StandardError.ReadToEndAsync() : "nothing more was heard");
        watch.Kill();
    }

    private async Task Completes(string run, int steps, string hash)
    {
        await small.Commits(run, steps);
        await SmallRun.Until($"{run} is completed", async () => (await small.Events(run)).Any(e => e.Kind == RunEventKind.Completed));
        var entries = await small.Ledger(run);
        Assert.Equal((steps, hash), (entries.Count, entries[^1].Hash));
        Assert.DoesNotContain(await small.Events(run), e => e.Values.GetValueOrDefault("computedAgain") > 0);
        var (code, audit, error) = await SsloProcess.Run("audit", run, "--runs", small.Runs);
        Assert.True(code == 0, error);
        Assert.True(audit[0].GetProperty("exact").GetBoolean());
    }

    private Task NobodyLives() => SmallRun.Until("every process ends", () => Task.FromResult(new FolderCluster(small.Runs).Living().Count == 0));

    private async Task EndAll()
    {
        foreach (var process in _started.Where(p => !p.HasExited))
            process.Kill(entireProcessTree: true);
        foreach (var silo in new FolderCluster(small.Runs).Living())
            Process.GetProcessById(silo.ProcessId).Kill();
        foreach (var process in _started)
            await process.WaitForExitAsync();
    }
}
