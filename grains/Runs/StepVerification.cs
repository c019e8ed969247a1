using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Steps;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Runs;

/// <summary>What one computation of some work gave.</summary>
/// <param name="Life">Of the worker that computed it.</param>
/// <param name="Print">XXH128 of all that it gave.</param>
internal readonly record struct Vote(string Life, string Print);

/// <summary>What the comparison of a step's drawn work found.</summary>
internal sealed record VerificationResult(IReadOnlyList<LedgerVerification> Verified, IReadOnlyList<LedgerDifference> Differed, bool Alone);

/// <summary>
/// Has the drawn work of a computed step computed by a second worker and compares all bits, before any slice applies the step. Where two
/// differ a third one decides; without a third each of the two computes once more.
/// </summary>
internal sealed class StepVerification(RunBrief run, long step, long attempt, WorkerRoster roster, SliceSet slices, Func<Task> waitForWorker)
{
    private readonly List<LedgerVerification> _verified = [];
    private readonly List<LedgerDifference> _differed = [];
    private bool _alone;

    /// <exception cref="UserErrorException">Two workers differ, each of them twice: nobody can tell which is wrong.</exception>
    /// <exception cref="StateLostException">A slice is gone.</exception>
    public async Task<VerificationResult> Check(StepOutcome outcome, DrawnWork drawn)
    {
        var taken = await slices.Drawn(step);
        var checks = drawn.MicroBatches.Select(m => CheckMicroBatch(outcome, m, [.. taken.Select(slice => Of(slice, m))])).ToList();
        if (drawn.Coupling && outcome.Coupling is { } coupling)
            checks.Add(Check("coupling", new Vote(coupling.Life, Print(coupling.Result)), [coupling.Life], async w => (Print(await w.Ask(g => g.Couple(coupling.Order))), coupling.Life)));
        await Task.WhenAll(checks);
        return new VerificationResult([.. _verified.OrderBy(v => v.Part.Length).ThenBy(v => v.Part, StringComparer.Ordinal)], [.. _differed.Distinct()], _alone);
    }

    /// <summary>
    /// Who is wrong: all whose bits are not those that most computations gave; without a majority those that contradict themselves.
    /// Empty when nobody can tell.
    /// </summary>
    public static IReadOnlyList<string> Wrong(IReadOnlyList<Vote> votes)
    {
        var counted = votes.GroupBy(v => v.Print).OrderByDescending(g => g.Count()).ToList();
        return counted.Count == 1 || counted[0].Count() > counted[1].Count()
            ? [.. votes.Where(v => v.Print != counted[0].Key).Select(v => v.Life).Distinct()]
            : [.. votes.Distinct().GroupBy(v => v.Life).Where(g => g.Count() > 1).Select(g => g.Key)];
    }

    private Task CheckMicroBatch(StepOutcome outcome, int microBatch, DrawnSum[] sums)
    {
        var (result, life) = outcome.Results[microBatch];
        var order = new VerifyOrder(run, step, attempt, microBatch, outcome.Coupling is { Result.Gradients: { Length: > 0 } gradients } ? gradients[microBatch] : []);
        var first = new Vote(life, Print(result, sums.Select(s => s.Hash)));

        // One that was leased twice may have come from two workers, to one slice from each.
        var senders = sums.Select(s => s.Sender).Append(life).ToHashSet();
        return Check(microBatch.ToString(CultureInfo.InvariantCulture), first, senders, async w =>
        {
            var again = await w.Ask(g => g.Verify(order));
            return (Print(again.Result, again.Sums), sums.Zip(again.Sums).FirstOrDefault(s => s.First.Hash != s.Second).First?.Sender ?? life);
        });
    }

    /// <param name="part">Name of the work in the ledger.</param>
    /// <param name="first">What is about to count.</param>
    /// <param name="senders">Lives of those whom it came from.</param>
    /// <param name="compute">Has a worker compute it; also tells who sent what differs from that.</param>
    private async Task Check(string part, Vote first, HashSet<string> senders, Func<RunWorker, Task<(string Print, string Blamed)>> compute)
    {
        List<Vote> votes = [first];
        var blamed = first.Life;
        await Ask(w => !senders.Contains(w.Info.Life), orAnybody: true);
        if (votes.All(v => v.Print == first.Print))
        {
            _verified.Add(new LedgerVerification(part, first.Print, roster.NameOf(votes[^1].Life)));
            _alone |= votes[^1].Life == first.Life;
            return;
        }

        // One of two is wrong, and nobody knows which.
        if (!await Ask(w => votes.All(v => v.Life != w.Info.Life)))
        {
            foreach (var life in votes.Select(v => v.Life).Distinct().ToList())
                await Ask(w => w.Info.Life == life);
        }

        var wrong = Wrong(votes);
        if (wrong.Count == 0)
        {
            throw new UserErrorException(
                $"Step {step}: {string.Join(" and ", votes.Select(v => roster.NameOf(v.Life)).Distinct())} give other bits for {LedgerVerification.Name(part)}, each the same ones again: one of them computes wrongly, and nobody can tell which; "
                + "weights stay at the step before. Resume the run with a third worker, or without the bad one.");
        }

        _differed.AddRange(wrong.Select(w => w == first.Life ? blamed : w).Select(w => new LedgerDifference(part, roster.NameOf(w), w)));

        async Task<bool> Ask(Func<RunWorker, bool> which, bool orAnybody = false)
        {
            while (true)
            {
                var here = roster.Live.OrderBy(w => w.Calls).ThenByDescending(w => w.Speed).ToList();
                if (here.FirstOrDefault(which) is not { } worker)
                {
                    if (!orAnybody)
                        return false;
                    if (here.Count == 0)
                    {
                        await waitForWorker();
                        continue;
                    }

                    worker = here[0];
                }

                try
                {
                    var (print, sender) = await compute(worker);
                    votes.Add(new Vote(worker.Info.Life, print));
                    blamed = print == first.Print ? blamed : sender;
                    return true;
                }
                catch (Exception e) when (e is not (StateLostException or UserErrorException))
                {
                    roster.Lost(worker, e);
                }
            }
        }
    }

    private DrawnSum Of(DrawnSum[] slice, int microBatch) => slice.FirstOrDefault(s => s.MicroBatch == microBatch)
        ?? throw new StateLostException($"A slice has no sum of micro-batch {microBatch} of step {step} by itself; the step is computed again.");

    private static string Print(MicroBatchResult result, IEnumerable<string> sums)
    {
        var hash = new XxHash128();
        hash.Append(MemoryMarshal.AsBytes(new ReadOnlySpan<float>([result.Loss])));
        foreach (var block in result.Embeddings)
            Append(hash, block.Values);
        foreach (var sum in sums)
            hash.Append(Encoding.ASCII.GetBytes(sum));
        return hash.GetCurrentHashAsUInt128().ToString("x32", CultureInfo.InvariantCulture);
    }

    private static string Print(CoupleResult result)
    {
        var hash = new XxHash128();
        hash.Append(MemoryMarshal.AsBytes(new ReadOnlySpan<float>([result.Loss])));
        foreach (var block in result.Gradients.SelectMany(g => g))
            Append(hash, block.Values);
        foreach (var change in result.Advance)
            hash.Append(change.Values.Value);
        return hash.GetCurrentHashAsUInt128().ToString("x32", CultureInfo.InvariantCulture);
    }

    private static void Append(XxHash128 hash, Payload values)
        => hash.Append(values.IsHere ? values.Here.Value : Encoding.ASCII.GetBytes(values.Hash));
}
