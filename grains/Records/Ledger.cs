using SslOrleans.Grains.Storage;

namespace SslOrleans.Grains.Records;

/// <summary>
/// The record of a run, <c>ledger.jsonl</c>: every committed step once, in order, durable before it is announced.
/// Thread-safe; appends wait for each other.
/// </summary>
public sealed class Ledger
{
    public const string FileName = "ledger.jsonl";

    private readonly IRunStorage _storage;
    private readonly string _run;
    private readonly SemaphoreSlim _gate = new(1);
    private State _state;

    private Ledger(IRunStorage storage, string run, State state) => (_storage, _run, _state) = (storage, run, state);

    /// <summary>What is in the ledger; entry s is step s.</summary>
    public IReadOnlyList<LedgerEntry> Entries => _state.Entries;

    /// <summary>Says what opening repaired; null when nothing was to be.</summary>
    public string? Repair => _state.File.Repair;

    /// <summary>Chain value of the last line: who keeps it can show later that no line before was changed.</summary>
    public string Chain => _state.Chain;

    /// <summary>Reads the ledger of a run, or begins an empty one. A half-written last line is removed.</summary>
    /// <exception cref="LedgerException">A line was changed or lost; names the step.</exception>
    /// <exception cref="StorageUnavailableException">The storage does not answer.</exception>
    public static async Task<Ledger> Open(IRunStorage storage, string run, CancellationToken cancellation = default)
        => new(storage, run, await Load(storage, run, cancellation));

    /// <summary>
    /// Reads the ledger without changing anything, a half-written last line left out: for those who watch a run that goes on.
    /// </summary>
    /// <exception cref="LedgerException">A line was changed or lost; names the step.</exception>
    public static async Task<IReadOnlyList<LedgerEntry>> Read(IRunStorage storage, string run, CancellationToken cancellation = default)
        => Parse(JsonLines.Split(await storage.Read($"{run}/{FileName}", cancellation) ?? []).Lines);

    /// <summary>Reads the ledger up to its first bad line, and says what is wrong with that; null: nothing.</summary>
    public static async Task<(IReadOnlyList<LedgerEntry> Entries, LedgerException? Broken)> ReadSound(IRunStorage storage, string run, CancellationToken cancellation = default)
    {
        var entries = new List<LedgerEntry>();
        try
        {
            Parse(JsonLines.Split(await storage.Read($"{run}/{FileName}", cancellation) ?? []).Lines, entries);
            return (entries, null);
        }
        catch (LedgerException e)
        {
            return (entries, e);
        }
    }

    /// <summary>
    /// Adds a step and returns when it is durable. A step that is there with the same weights hash and positions is left as it is,
    /// so a call whose outcome is unknown can be repeated.
    /// </summary>
    /// <returns>The entry as it stands in the ledger.</returns>
    /// <exception cref="LedgerException">A step would be left out, or is there with another hash or other positions.</exception>
    /// <exception cref="StorageUnavailableException">The storage does not take it; call again.</exception>
    public async Task<LedgerEntry> Append(LedgerEntry entry, CancellationToken cancellation = default)
    {
        await _gate.WaitAsync(cancellation);
        try
        {
            for (var tries = 1; ; tries++)
            {
                if (Standing(entry) is { } standing)
                    return standing;
                var (line, chain) = LedgerLine.Write(entry, _state.Chain);
                try
                {
                    await _state.File.Append(line, cancellation);
                    _state.Entries.Add(entry with { Chain = chain });
                    return _state.Entries[^1];
                }
                catch (StorageConflictException e)
                {
                    // An earlier try may have arrived without its answer, with another time in it; or another process leads the same run.
                    if (tries == 2)
                        throw new LedgerException(entry.Step, $"Step {entry.Step} cannot be added: {e.Message}");
                    _state = await Load(_storage, _run, cancellation);
                }
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Checks that every sample position and every micro-batch was used once and only once.</summary>
    /// <param name="entries">The ledger from its beginning.</param>
    /// <param name="samplesPerEpoch">N: position p is a sample of epoch p / N.</param>
    /// <param name="effectiveBatch">Positions in a step.</param>
    /// <param name="microBatches">M: micro-batches in a step.</param>
    public static LedgerAudit Audit(IReadOnlyList<LedgerEntry> entries, long samplesPerEpoch, int effectiveBatch, int microBatches)
        => LedgerAuditor.Audit(entries, samplesPerEpoch, effectiveBatch, microBatches);

    private LedgerEntry? Standing(LedgerEntry entry)
    {
        var entries = _state.Entries;
        if (entry.Step == entries.Count)
            return null;
        if (entry.Step < 0 || entry.Step > entries.Count)
            throw new LedgerException(entry.Step, $"Step {entry.Step} cannot be added; the next one is {entries.Count}.");
        var standing = entries[(int)entry.Step];
        return (standing.Hash, standing.First, standing.Count) == (entry.Hash, entry.First, entry.Count)
            ? standing
            : throw new LedgerException(
                entry.Step,
                $"Step {entry.Step} is in the ledger with weights {standing.Hash} on positions {standing.First}+{standing.Count}; "
                + $"it cannot be recorded again with weights {entry.Hash} on positions {entry.First}+{entry.Count}.");
    }

    private static async Task<State> Load(IRunStorage storage, string run, CancellationToken cancellation)
    {
        var (file, lines) = await JsonLines.Open(storage, $"{run}/{FileName}", cancellation);
        return new State(file, Parse(lines));
    }

    private static List<LedgerEntry> Parse(List<ReadOnlyMemory<byte>> lines)
    {
        var entries = new List<LedgerEntry>(lines.Count);
        Parse(lines, entries);
        return entries;
    }

    private static void Parse(List<ReadOnlyMemory<byte>> lines, List<LedgerEntry> entries)
    {
        var chain = LedgerLine.Beginning;
        foreach (var line in lines)
        {
            entries.Add(LedgerLine.Read(line.Span, chain, entries.Count));
            chain = entries[^1].Chain;
        }
    }

    private sealed record State(JsonLines File, List<LedgerEntry> Entries)
    {
        public string Chain => Entries.Count == 0 ? LedgerLine.Beginning : Entries[^1].Chain;
    }
}
