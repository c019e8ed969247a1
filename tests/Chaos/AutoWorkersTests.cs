using System.Diagnostics;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Tests.Chaos;

/// <summary><c>--workers auto</c>: workers leave when others need the processors, come back when they do not, and the bits stay.</summary>
public sealed class AutoWorkersTests(SmallRun small) : IClassFixture<SmallRun>
{
    [Fact]
    public async Task A_training_whose_workers_follow_the_machine_completes_with_the_bits_of_one_worker()
    {
        var calm = await Train("calm", 8, "1");
        Assert.Equal(calm, await Train("auto", 8, "auto"));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Workers_leave_a_busy_machine_and_come_back()
    {
        Assert.SkipUnless(Environment.ProcessorCount > 1, "one processor has room for one worker only");
        using var train = SsloProcess.Start(
            "train", small.Recipe("mocov2"), "--data", small.Images, "--runs", small.Runs, "--run", "busy", "--steps", "100000", "--workers", "auto", "--dashboard", "off");
        _ = train.StandardOutput.ReadToEndAsync();
        var error = train.StandardError.ReadToEndAsync();
        var others = new List<Process>();
        try
        {
            await Until(RunEventKind.Joined, 2);
            others.AddRange(Enumerable.Range(0, Environment.ProcessorCount * 2).Select(_ => Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "while :; do :; done"]))!));
            await Until(RunEventKind.Left, 1);
            others.ForEach(p => p.Kill());
            await Until(RunEventKind.Joined, 3);
            Assert.DoesNotContain(await small.Events("busy"), e => e.Kind is RunEventKind.Killed or RunEventKind.Failed);
            var (code, _, stopError) = await SsloProcess.Run("stop", "busy", "--runs", small.Runs);
            Assert.True(code == 0, stopError);
            await train.WaitForExitAsync();
            Assert.True(train.ExitCode == 0, await error);
        }
        finally
        {
            others.ForEach(p => p.Kill());
            if (!train.HasExited)
                train.Kill(entireProcessTree: true);
        }

        var (audit, report, auditError) = await SsloProcess.Run("audit", "busy", "--runs", small.Runs, "--replay", "all");
        Assert.True(audit == 0, auditError);
        Assert.True(report[0].GetProperty("exact").GetBoolean());
    }

    private async Task<string> Train(string run, int steps, string workers)
    {
        var (code, _, error) = await SsloProcess.Run(
            "train", small.Recipe("mocov2"), "--data", small.Images, "--runs", small.Runs, "--run", run, "--steps", $"{steps}", "--workers", workers, "--dashboard", "off");
        Assert.True(code == 0, error);

        // libtorch's warnings would be here, on a processor that NNPACK does not suit for one.
        Assert.DoesNotContain("[W", error, StringComparison.Ordinal);
        return (await small.Ledger(run))[^1].Hash;
    }

    private Task Until(RunEventKind kind, int count)
        => SmallRun.Until($"{count} × {kind}", async () => (await small.Events("busy")).Count(e => e.Kind == kind) >= count);
}
