using SslOrleans.Contracts;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Records;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Images;

namespace SslOrleans.Grains.Runs;

/// <summary>What is told of the images: those that do not decode, and what is odd about all of them.</summary>
internal sealed class ImageNews(RunProgress progress, Ledger ledger, bool captions = false)
{
    /// <summary>Samples that were told.</summary>
    private readonly HashSet<long> _replaced = [.. ledger.Entries.SelectMany(e => e.Replaced ?? []).Select(r => r.Sample)];
    private readonly HashSet<string> _noted = [];

    /// <summary>What was told of the data: told again, in short, at the end.</summary>
    public IReadOnlyCollection<string> Noted => _noted;

    public void TellNotes(IEnumerable<string> notes)
    {
        foreach (var note in notes.Where(_noted.Add))
            progress.Tell(note.StartsWith(ImageKinds.Converted, StringComparison.Ordinal) ? RunEventKind.Message : RunEventKind.Warning, note);
    }

    /// <summary>What the initial weights are of, which only the worker that made them knows.</summary>
    public void TellStart(IEnumerable<string> notes)
    {
        foreach (var note in notes.Where(_noted.Add))
            progress.Tell(RunEventKind.Message, note);
    }

    /// <summary>An image that does not decode is told once; the ledger has every position that it stood at.</summary>
    public void TellReplaced(IReadOnlyList<ReplacedSample> replaced)
    {
        foreach (var (_, sample, by) in replaced.Where(r => _replaced.Add(r.Sample)))
            progress.Tell(RunEventKind.Warning, $"image {sample} does not decode{(captions ? " or has no caption" : "")}; image {by} was used in its place (`sslo data inspect` names it)");
    }

    /// <summary>Decided by the positions that the run has used, so that it does not matter who found which image, when, or for which purpose.</summary>
    /// <exception cref="UserErrorException">Too many images do not decode.</exception>
    public void RefuseTooMany(IReadOnlyList<ReplacedSample> replaced, long samples)
    {
        var bad = _replaced.Concat(replaced.Select(r => r.Sample)).Distinct().Count();
        if (replaced.Count == 0 || bad <= SourceOptions.MostUndecodable * samples)
            return;
        throw new UserErrorException(
            $"Step {progress.Step}: {bad} of {samples} images do not decode, more than {SourceOptions.MostUndecodable:P0} (image {replaced[^1].Sample} is the last of them); weights stay at the step before. Mend or remove them (`sslo data inspect` lists them) and start a new run.")
        {
            Reason = RefusalReason.Data,
        };
    }
}
