using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Data;

namespace SslOrleans.Client.Tests;

/// <summary><c>sslo audit RUN --against RUN2</c>: where two runs part.</summary>
[Collection(nameof(BlasThreads))]
public sealed class AuditAgainstTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private string Runs => _folder.In("runs");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Equal_runs_end_with_0_and_the_first_step_that_differs_is_found_and_judged()
    {
        GeneratedImages.Write(_folder.In("images"), 48, 16, 1);
        await Train("one", "workers.verify=0.5");
        await Train("two", "workers.verify=0.5", "checkpoint.everySteps=3", "workers.warmCopies=false");
        await Train("seed", "seed=2");
        var equal = await Audit("one", "two");
        Assert.Equal((0, "one and two: 10 steps in both, with the same weights after every one"), (equal.Code, equal.Output.Trim()));

        // From step 7 on a bit of the weights is another, and micro-batch 1 of step 7 shows it where it was drawn.
        var entries = await Ledger.Read(RunStorage.Open(Runs), "two");
        var drawn = entries.First(e => e.Step >= 3 && e.Verified is not null && e.Verified.Any(v => v.Part != "coupling"));
        var part = drawn.Verified!.First(v => v.Part != "coupling").Part;
        await Rewrite("two", e => e.Step < drawn.Step ? e : e with
        {
            Hash = Other(e.Hash),
            Verified = e.Step > drawn.Step ? e.Verified : [.. e.Verified!.Select(v => v.Part == part ? v with { Hash = Other(v.Hash) } : v)],
        });
        var differs = await Audit("one", "two");
        Assert.Equal(1, differs.Code);
        Assert.Contains($"the same weights up to step {drawn.Step - 1}; step {drawn.Step} is the first that differs", differs.Output);
        Assert.Contains($"micro-batch {part} differs: ", differs.Output);
        Assert.Contains($"step {drawn.Step} gives the weights that its ledger has", differs.Output);
        Assert.Contains($"step {drawn.Step} gives other weights than its ledger has, so two went wrong there", differs.Output);
        var json = Assert.Single((await Audit("one", "two", "--json")).JsonLines);
        Assert.Equal(drawn.Step, json.GetProperty("firstDifferentStep").GetInt64());

        await Rewrite("two", e => e with { Verified = null });
        Assert.Contains("which one it is cannot be told", (await Audit("one", "two")).Output);

        foreach (var (other, why) in new[] { ("seed", "a run of another recipe (seed: 1 → 2)"), ("nobody", "There is no run nobody") })
        {
            var refused = await Audit("one", other);
            Assert.Equal(2, refused.Code);
            Assert.Contains(why, refused.ErrorLine, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(99)]
    public void Bisection_finds_the_first_difference_also_where_later_steps_agree_again(int step)
    {
        var one = Enumerable.Range(0, 100).Select(s => new LedgerEntry { Step = s, First = s * 8, Count = 8, Hash = $"{s}" }).ToList();
        var other = one.Select(e => e.Step == step ? e with { Hash = "x" } : e with { Seconds = 3, Time = DateTimeOffset.UtcNow }).ToList();
        Assert.Equal(step, LedgerComparison.Of(one, other).Step);
        Assert.Equal((100, -1L), (LedgerComparison.Of(one, one).Steps, LedgerComparison.Of(one, one).Step));
        Assert.Equal((10, step < 10 ? step : -1L), (LedgerComparison.Of(one, other[..10]).Steps, LedgerComparison.Of(one, other[..10]).Step));
    }

    private static string Other(string hash) => (hash[0] == '0' ? '1' : '0') + hash[1..];

    /// <summary>Writes a ledger as a run would have that went otherwise: with a chain that holds.</summary>
    private async Task Rewrite(string run, Func<LedgerEntry, LedgerEntry> change)
    {
        var storage = RunStorage.Open(Runs);
        var entries = await Ledger.Read(storage, run);
        File.Delete(Path.Combine(Runs, run, Ledger.FileName));
        var ledger = await Ledger.Open(storage, run);
        foreach (var entry in entries)
            await ledger.Append(change(entry));
    }

    private Task<Invocation> Audit(string run, string other, params string[] more) => Invocation.Of(["audit", run, "--runs", Runs, "--against", other, .. more]);

    private async Task Train(string run, params string[] set)
    {
        var recipe = _folder.Write("small.jsonc", """
            { "method": "simclr", "seed": 1, "steps": 10, "batch": { "effective": 16, "micro": 4 }, "views": [ { "count": 2, "crop": { "size": 8 } } ],
              "projector": { "shape": "16-8" }, "checkpoint": { "everySteps": 4 }, "evaluation": { "knn": false } }
            """);
        var trained = await Invocation.Of(["train", recipe, "--data", _folder.In("images"), "--runs", Runs, "--run", run, .. set.SelectMany(s => new[] { "--set", s })]);
        Assert.True(trained.Code == 0, trained.Error);
    }
}
