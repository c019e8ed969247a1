using SslOrleans.Contracts;
using SslOrleans.Contracts.Messages;
using SslOrleans.Learning.Data;

namespace SslOrleans.Grains.Runs;

/// <summary>What is told of the images: those that do not decode, and what is odd about all of them.</summary>
internal sealed partial class RunLeader
{
    /// <summary>Those that were told, by sample.</summary>
    private readonly HashSet<long> _replaced = [];

    /// <summary>What was told of the images.</summary>
    private readonly HashSet<string> _noted = [];

    private void RememberReplaced() => _replaced.UnionWith(_ledger!.Entries.SelectMany(e => e.Replaced ?? []).Select(r => r.Sample));

    /// <summary>Decided by the positions that the run has used, so that it does not matter who found which image, when, or for which purpose.</summary>
    private void RefuseTooManyReplaced(IReadOnlyList<ReplacedSample> replaced)
    {
        var samples = _replaced.Concat(replaced.Select(r => r.Sample)).Distinct().Count();
        if (replaced.Count > 0 && samples > SourceOptions.MostUndecodable * _plan!.Samples)
        {
            throw new UserErrorException(
                $"Step {_step}: {samples} of {_plan.Samples} images do not decode, more than {SourceOptions.MostUndecodable:P0} (image {replaced[^1].Sample} is the last of them); weights stay at the step before. Mend or remove them (`sslo data inspect` lists them) and start a new run.")
            {
                Reason = RefusalReason.Data,
            };
        }
    }

    /// <summary>An image that does not decode is told once; the ledger has every position that it stood at.</summary>
    private void TellReplaced(IReadOnlyList<ReplacedSample> replaced)
    {
        foreach (var (_, sample, by) in replaced.Where(r => _replaced.Add(r.Sample)))
            Tell("warning", $"image {sample} does not decode; image {by} was used in its place (`sslo data inspect` names it)");
    }
}
