using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Contracts;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Client.Inspection;

/// <summary>
/// <c>sslo audit RUN --against RUN2</c>: the first step at which two runs of one recipe part, what in it differs as far as their ledgers tell,
/// and which of the two this machine agrees with.
/// </summary>
public sealed class RunComparison
{
    /// <summary>Keys that decide no bit of the weights; two runs may differ in them.</summary>
    private static readonly string[] s_free =
        ["name", "description", "workers.verify", "workers.warmCopies", "workers.secondLeaseFactor", "checkpoint.everySteps", "checkpoint.keep", "data.path"];

    private readonly Side _one;
    private readonly Side _other;

    private RunComparison(Side one, Side other) => (_one, _other) = (one, other);

    /// <param name="folder">Where the first run is kept.</param>
    /// <param name="run">Its name.</param>
    /// <param name="against">Name of the other run in the same place, or FOLDER/NAME.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="UserErrorException">There is no such run, or the two are not runs of one recipe on the same images.</exception>
    public static async Task<RunComparison> Open(string folder, string run, string against, CancellationToken cancellation)
    {
        var slash = against.LastIndexOf('/');
        var one = await Side.Read(RunStorage.Open(folder), run, cancellation);
        var other = await Side.Read(RunStorage.Open(slash > 0 ? against[..slash] : folder), against[(slash + 1)..], cancellation);
        var different = RecipeReader.Differences(one.Recipe, other.Recipe).Where(d => !s_free.Any(f => d.StartsWith(f + ": ", StringComparison.Ordinal))).ToList();
        if (different.Count > 0)
            throw new UserErrorException($"--against is {against}, a run of another recipe ({string.Join("; ", different.Take(3))}); name a run of the recipe that {run} has.");
        return one.Record.DataFingerprint == other.Record.DataFingerprint
            ? new RunComparison(one, other)
            : throw new UserErrorException($"--against is {against}, which was trained on other images (fingerprint {other.Record.DataFingerprint}, {run} has {one.Record.DataFingerprint}); name a run on the same images.");
    }

    /// <summary>Tells what it finds and returns the exit code.</summary>
    public async Task<int> Tell(Screen screen, CancellationToken cancellation)
    {
        var found = LedgerComparison.Of(_one.Entries, _other.Entries);
        var replays = new List<Replayed>();
        if (found.Step >= 0)
        {
            foreach (var side in new[] { _one, _other })
                replays.Add(await Replay(side, found.Step, cancellation));
        }

        if (screen.Json)
        {
            screen.JsonLine(new
            {
                run = _one.Run,
                against = _other.Run,
                steps = found.Steps,
                firstDifferentStep = found.Step,
                different = found.Different,
                same = found.Same,
                replays = replays.Select(r => new { r.Run, r.Agrees, r.Text }),
            });
            return found.Step < 0 ? ExitCodes.Well : ExitCodes.Failed;
        }

        foreach (var line in found.Step < 0 ? Equal(found) : Different(found, replays))
            screen.Line(line);
        return found.Step < 0 ? ExitCodes.Well : ExitCodes.Failed;
    }

    private IEnumerable<string> Equal(LedgerComparison found)
    {
        yield return $"{_one.Run} and {_other.Run}: {found.Steps} steps in both, with the same weights after every one";
        foreach (var longer in new[] { _one, _other }.Where(s => s.Entries.Count > found.Steps))
            yield return $"  {longer.Run} has {longer.Entries.Count - found.Steps} more";
    }

    private IEnumerable<string> Different(LedgerComparison found, List<Replayed> replays)
    {
        var sides = new[] { _one, _other };
        yield return $"{_one.Run} and {_other.Run}: {(found.Step == 0 ? "nothing is the same" : $"the same weights up to step {found.Step - 1}")}; step {found.Step} is the first that differs";
        if (_one.Record.NumericsClass != _other.Record.NumericsClass)
            yield return $"  their numerics classes differ, and equal bits are promised within one only: {_one.Record.NumericsClass} | {_other.Record.NumericsClass}";
        foreach (var side in sides)
        {
            var entry = side.Entries[(int)found.Step];
            yield return $"  {side.Run}: weights {entry.Hash}, computed by {string.Join(", ", entry.Work.Select(w => $"{w.Worker} ({string.Join(", ", w.Leaves)})"))}";
        }

        foreach (var part in found.Different)
        {
            yield return $"  {LedgerVerification.Name(part)} differs: "
                + string.Join(", ", sides.Select(s => s.Entries[(int)found.Step].Verified!.First(v => v.Part == part)).Zip(sides, (v, s) => $"{v.Hash} in {s.Run} (second computation by {v.By})"));
        }

        if (found.Same.Count > 0)
            yield return $"  the same in both: {string.Join(", ", found.Same.Select(LedgerVerification.Name))}";
        if (found.Different.Count == 0)
        {
            yield return found.Same.Count > 0
                ? "  it is in a micro-batch that was not drawn for comparison, in their sum, or in the optimiser; the ledgers tell no more"
                : "  the ledgers hold no micro-batch of this step by itself (workers.verify draws them), so which one it is cannot be told";
        }

        foreach (var replay in replays)
            yield return $"  {replay.Text}";
    }

    private static async Task<Replayed> Replay(Side side, long step, CancellationToken cancellation)
    {
        try
        {
            var replay = await new LedgerReplay(side.Storage, side.Run, side.Recipe, side.Record, side.Entries).Run($"{step}", cancellation);
            return replay.Different == step
                ? new Replayed(side.Run, false, $"{side.Run} computed again here from step {replay.From}: step {step} gives other weights than its ledger has, so {side.Run} went wrong there")
                : replay.Different < 0
                    ? new Replayed(side.Run, true, $"{side.Run} computed again here from step {replay.From}: step {step} gives the weights that its ledger has")
                    : new Replayed(side.Run, null, $"{side.Run} computed again here from step {replay.From}: step {replay.Different}, which both ledgers have, differs already, so this machine cannot judge");
        }
        catch (UserErrorException e)
        {
            return new Replayed(side.Run, null, $"{side.Run} could not be computed again here: {e.Message}");
        }
    }

    /// <param name="Run">Which run.</param>
    /// <param name="Agrees">This machine gives its ledger's weights at the step; null: it cannot tell.</param>
    /// <param name="Text">For people.</param>
    private sealed record Replayed(string Run, bool? Agrees, string Text);

    private sealed record Side(IRunStorage Storage, string Run, Recipe Recipe, RunRecord Record, IReadOnlyList<LedgerEntry> Entries)
    {
        public static async Task<Side> Read(IRunStorage storage, string run, CancellationToken cancellation)
        {
            var recipe = await RunRecord.ReadRecipe(storage, run);
            var record = await RunRecord.Read(storage, run) ?? throw new UserErrorException($"Run {run} has no {RunRecord.FileName}; it was not begun by this program.");
            return new Side(storage, run, recipe, record, await Ledger.Read(storage, run, cancellation));
        }
    }
}
