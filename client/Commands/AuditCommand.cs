using System.CommandLine;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Inspection;
using SslOrleans.Contracts;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo audit</c>: the proof that every sample position was used once, and that the weights are what the ledger says.</summary>
public static class AuditCommand
{
    public static Command Build(Screen screen)
    {
        var run = new Argument<string>("run") { Description = "Name of the run." };
        var runs = CommonOptions.Runs();
        var replay = new Option<string?>("--replay") { Description = "Computes a step again, from the newest checkpoint before it, or all steps from the beginning, and compares hashes.", HelpName = "step|all" };
        var against = new Option<string?>("--against") { Description = "Another run of the same recipe, here or as FOLDER/NAME: finds the first step whose weights differ, and what in it. Ends with 1 when they differ.", HelpName = "run" };
        var publicKey = new Option<string?>("--public-key") { Description = "Checks the ledger's signatures (`train --sign`) with a public key: by whom it is signed, up to which step.", HelpName = "file" };
        var capture = new Option<string?>("--capture") { Description = "With --replay STEP of a run that stopped because something was not finite: computes that step again from what was kept of it, and names the first operation that was not finite. Without a file the run's own.", HelpName = "file", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("audit", "Checks a run's ledger: every sample position once and only once, every hash in its chain.") { run, runs, replay, against, publicKey, capture };
        command.SetAction(async (parsed, cancellation) =>
        {
            var name = parsed.GetRequiredValue(run);
            if (parsed.GetValue(against) is { } other)
            {
                if (parsed.GetValue(replay) is { } both)
                    throw new UserErrorException($"--against replays what differs by itself; leave out --replay {both}.");
                return await (await RunComparison.Open(parsed.GetRequiredValue(runs), name, other, cancellation)).Tell(screen, cancellation);
            }

            var storage = RunStorage.Open(parsed.GetRequiredValue(runs));
            var captured = parsed.GetResult(capture) is { Implicit: false };
            if (captured && parsed.GetValue(replay) is null or "all")
                throw new UserErrorException("--capture needs --replay STEP, the step that stopped the run; the run's last message names it.");
            var recipe = await RunRecord.ReadRecipe(storage, name);
            var record = await RunRecord.Read(storage, name) ?? throw new UserErrorException($"Run {name} has no {RunRecord.FileName}; it was not begun by this program.");
            SignatureAudit? signatures = null;
            if (parsed.GetValue(publicKey) is { } file)
            {
                using var key = LedgerKeys.ReadPublic(file);
                signatures = await SignatureAudit.Of(storage, name, await storage.Read($"{name}/{RunRecord.RecipeFileName}", cancellation) ?? [], record.DataFingerprint, key, cancellation);
                screen.Line($"{name}: {signatures.Verdict}");

                // Beyond a bad line there is nothing to audit.
                if (signatures.Problem is not null)
                {
                    if (screen.Json)
                        screen.JsonLine(new { run = name, signatures });
                    return ExitCodes.Failed;
                }
            }

            var entries = await Ledger.Read(storage, name, cancellation);
            var audit = Ledger.Audit(entries, record.Samples, recipe.Batch.Effective, recipe.Batch.MicroBatches);
            if (captured)
                return await new CaptureReplay(storage, name, recipe, record, entries).Tell(parsed.GetValue(replay)!, parsed.GetValue(capture), screen, cancellation);
            var replayed = parsed.GetValue(replay) is { } what
                ? await Progress.Run(screen, $"replaying {name}", 1, _ => "", progress => new LedgerReplay(storage, name, recipe, record, entries).Run(what, cancellation, progress))
                : null;
            var different = replayed?.Different ?? -1;
            var good = audit.IsExact && different < 0;
            if (screen.Json)
            {
                screen.JsonLine(new { run = name, steps = entries.Count, exact = audit.IsExact, verdict = audit.Verdict, problem = audit.Problem, replaced = audit.Replaced, compared = entries.Sum(e => e.Verified?.Count ?? 0), differed = entries.SelectMany(e => (e.Differed ?? []).Select(d => new { e.Step, d.Part, d.Worker })), epochs = audit.Epochs, replayed = replayed?.Steps ?? 0, replayedFrom = replayed?.From ?? -1, firstDifferentStep = different, hash = entries.Count > 0 ? entries[^1].Hash : "", signatures });
                return good ? ExitCodes.Well : ExitCodes.Failed;
            }

            screen.Line($"{name}: {audit.Verdict}");
            foreach (var epoch in audit.Epochs)
                screen.Line($"  epoch {epoch.Epoch}: {epoch.Used} of {record.Samples} positions used, {epoch.Lost} lost, {epoch.Twice} twice{(epoch.IsComplete ? "" : " (not complete)")}");
            foreach (var image in audit.Replaced.GroupBy(r => (r.Sample, r.By)).OrderBy(g => g.Key))
                screen.Line($"  image {image.Key.Sample} does not decode: image {image.Key.By} stood in for it at {image.Count()} position{(image.Count() == 1 ? "" : "s")}");
            if (entries.Any(e => e.Verified is not null))
                screen.Line($"  compared before they counted: {entries.Sum(e => e.Verified?.Count ?? 0)} pieces of work in {entries.Count(e => e.Verified is not null)} steps");
            foreach (var (step, wrong) in entries.SelectMany(e => (e.Differed ?? []).Select(d => (e.Step, d))))
                screen.Line($"  step {step}: {wrong.Worker} had other bits for {LedgerVerification.Name(wrong.Part)}; the step was computed again without it");
            foreach (var why in replayed?.Skipped ?? [])
                screen.Line($"checkpoint passed over: {why}");
            if (replayed is { Steps: 0, Different: >= 0 })
                screen.Line($"checkpoint {replayed.From} has other weights than the ledger has after step {different}");
            else if (replayed is not null)
                screen.Line($"replayed {replayed.Steps} steps from step {replayed.From} by one process: {(different < 0 ? "every hash is the ledger's" : $"step {different} gives other weights than the ledger has")}");
            return good ? ExitCodes.Well : ExitCodes.Failed;
        });
        return command;
    }
}
