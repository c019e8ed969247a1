using SslOrleans.Contracts.Grains;
using SslOrleans.Grains.Records;

namespace SslOrleans.Grains.Runs;

/// <summary>From where a run can go on without a checkpoint.</summary>
/// <param name="Step">The version that everything is at; −1: only a checkpoint helps.</param>
/// <param name="Conclude">A step that has to be concluded first: every slice has its sum, and some may have applied it.</param>
internal sealed record GoOn(long Step, StepIntent? Conclude = null)
{
    public static GoOn FromCheckpoint { get; } = new(-1);
}

/// <summary>Where slices, teachers and method state stand after a loss.</summary>
/// <param name="Slices">The parameter slices, in order.</param>
/// <param name="Others">Versions of the teachers' slices and of the method's state.</param>
/// <param name="Hashed">How many of the slices, the first ones, the hash of the weights is of.</param>
internal sealed record RunStand(IReadOnlyList<SliceStand> Slices, IReadOnlyList<long> Others, int Hashed)
{
    /// <summary>
    /// Everything at one version that the ledger knows by its hash: the run goes on there. Everything at a step or behind it, and the
    /// step was about to be committed: it is concluded. Anything else is for a checkpoint.
    /// </summary>
    public GoOn Decide(IReadOnlyList<LedgerEntry> ledger)
    {
        var versions = Slices.Select(s => s.Version).Concat(Others).ToList();
        var (first, last) = (versions.Min(), versions.Max());
        if (first < 0 || last > first + 1)
            return GoOn.FromCheckpoint;
        if (first == last && last > 0 && last <= ledger.Count && ledger[(int)last - 1].Hash == SliceSet.Combine(Slices.Take(Hashed).Select(s => s.Hash)))
            return new GoOn(last);
        return Slices[0].Intent is { } intent && Concludes(intent.Rates.Step) ? new GoOn(intent.Rates.Step, intent) : GoOn.FromCheckpoint;

        // A step that everybody has applied and the ledger has is over; weights that differ from the ledger's are nobody's to go on with.
        bool Concludes(long step)
            => versions.All(v => v == step || v == step + 1)
                && Slices.All(s => s.Version == step + 1 || s.Prepared == step)
                && (step == ledger.Count || (step < ledger.Count && first == step));
    }
}
