using Orleans.Concurrency;
using SslOrleans.Contracts.Grains;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Grains.Runs;

/// <summary>The list of runs: those in storage. The storage is its memory, so it keeps nothing of its own.</summary>
[OnParameterSilo]
[Reentrant]
public sealed class RunCatalogGrain(IRunStorage storage) : Grain, IRunCatalogGrain
{
    private readonly SortedSet<string> _added = new(StringComparer.Ordinal);

    public Task Add(string run)
    {
        _added.Add(run);
        return Task.CompletedTask;
    }

    public async Task<string[]> List()
    {
        foreach (var path in await storage.List(""))
        {
            if (path.EndsWith("/" + RunRecord.FileName, StringComparison.Ordinal))
                _added.Add(path[..^(RunRecord.FileName.Length + 1)]);
        }

        return [.. _added];
    }
}
