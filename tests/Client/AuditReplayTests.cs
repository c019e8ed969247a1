using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Data;

namespace SslOrleans.Client.Tests;

/// <summary>
/// <c>sslo audit --replay</c>: a step is computed from the newest whole checkpoint before it, all steps from the initial weights.
/// The method has a teacher, a queue and momentum, so that everything in a checkpoint counts.
/// </summary>
[Collection(nameof(BlasThreads))]
public sealed class AuditReplayTests : IAsyncLifetime
{
    private readonly TestFolder _folder = new();

    private string Runs => _folder.In("runs");

    public async ValueTask InitializeAsync()
    {
        GeneratedImages.Write(_folder.In("images"), 48, 16, 1);
        await Train("run", seed: 1);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_step_is_computed_from_the_checkpoint_before_it_and_all_from_the_beginning()
    {
        Assert.Equal((8, 2, true), await Replay("9"));
        Assert.Equal((4, 4, true), await Replay("7"));
        Assert.Equal((8, 1, true), await Replay("8"));
        Assert.Equal((0, 3, true), await Replay("2"));
        Assert.Equal((0, 10, true), await Replay("all"));

        // A damaged checkpoint is passed over, and said to be.
        var file = Path.Combine(Runs, "run", "checkpoints", "8", "teacher.safetensors");
        var bytes = await File.ReadAllBytesAsync(file);
        bytes[^3] ^= 1;
        await File.WriteAllBytesAsync(file, bytes);
        Assert.Equal((4, 6, true), await Replay("9"));
        var text = await Audit("9");
        Assert.Contains("checkpoint passed over: run/checkpoints/8/teacher.safetensors is damaged", text.Output);
        Assert.Contains("replayed 6 steps from step 4 by one process: every hash is the ledger's", text.Output);
    }

    [Fact]
    public async Task Steps_and_checkpoints_that_do_not_belong_to_the_ledger_are_named()
    {
        foreach (var wrong in new[] { "10", "-1", "some" })
        {
            var refused = await Audit(wrong);
            Assert.Equal(2, refused.Code);
            Assert.StartsWith("sslo: --replay is ", refused.ErrorLine);
        }

        // Whole, and of another run.
        await Train("other", seed: 2);
        Replace(Path.Combine(Runs, "other", "checkpoints", "8"), Path.Combine(Runs, "run", "checkpoints", "8"));
        var foreign = await Audit("9");
        Assert.Equal(1, foreign.Code);
        Assert.Contains("checkpoint 8 has other weights than the ledger has after step 7", foreign.Output);

        // The right weights beside the teacher of another: its own step shows it.
        var (right, other) = (Checkpoints("run"), Checkpoints("other"));
        await right.Write(await right.Read(4) with { Teacher = (await other.Read(4)).Teacher });
        Assert.Equal((4, 1, false), await Replay("7"));

        CheckpointStore Checkpoints(string run) => new(RunStorage.Open(Runs), run);
    }

    /// <summary>First step, steps, and whether every hash was the ledger's.</summary>
    private async Task<(int From, int Steps, bool Good)> Replay(string what)
    {
        var audit = await Audit(what, "--json");
        Assert.InRange(audit.Code, 0, 1);
        var line = Assert.Single(audit.JsonLines);
        Assert.Equal(audit.Code == 0, line.GetProperty("firstDifferentStep").GetInt32() < 0);
        return (line.GetProperty("replayedFrom").GetInt32(), line.GetProperty("replayed").GetInt32(), audit.Code == 0);
    }

    private Task<Invocation> Audit(string what, params string[] more) => Invocation.Of(["audit", "run", "--runs", Runs, $"--replay={what}", .. more]);

    private async Task Train(string run, int seed)
    {
        var recipe = _folder.Write("small.jsonc", """
            { "method": "mocov2", "steps": 10, "batch": { "effective": 16, "micro": 8 }, "views": [ { "count": 2, "crop": { "size": 8 } } ],
              "projector": { "shape": "16-8" }, "loss": { "queue": 32 }, "checkpoint": { "everySteps": 4 }, "evaluation": { "knn": false } }
            """);
        var trained = await Invocation.Of("train", recipe, "--data", _folder.In("images"), "--runs", Runs, "--run", run, "--set", $"seed={seed}");
        Assert.True(trained.Code == 0, trained.Error);
    }

    private static void Replace(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
    }
}
