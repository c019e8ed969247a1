using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Silo.Dashboard.Watching;

/// <summary>A run in the list: what its files say.</summary>
internal sealed record StoredRun(string Run, string Method, string Backbone, DateTimeOffset Created, long Steps, string Hash, float Loss, DateTimeOffset? LastCommit);

/// <summary>What an audit of the ledger says now.</summary>
internal sealed record LedgerState(
    DateTimeOffset Time, LedgerAudit Audit, string Verdict, bool Exact, string Chain, string Hash, IReadOnlyList<long> Checkpoints, double Seconds);

/// <summary>
/// Reads the files of runs for the pages. Whatever takes long to read is read once for all pages and again only after a while,
/// off every grain's scheduler.
/// </summary>
internal sealed class RunFiles(IRunStorage storage, IGrainFactory grains, DashboardSettings settings, ClusterWatch cluster)
{
    /// <summary>Runs whose curves stay in memory.</summary>
    private const int MostRead = 16;

    private readonly Shared<string, CurveSet> _curves = new(TimeSpan.FromSeconds(2));
    private readonly ConcurrentDictionary<string, (CurveSet Set, int Position)> _read = new();
    private readonly Shared<string, LedgerState> _ledgers = new(TimeSpan.FromSeconds(5));
    private readonly Shared<string, StoredRun> _stored = new(TimeSpan.FromSeconds(30));
    private readonly Shared<string, string[]> _names = new(TimeSpan.FromSeconds(2));

    /// <summary>Runs in the storage.</summary>
    public Task<string[]> Names() => _names.Get("", () => grains.GetGrain<IRunCatalogGrain>(IRunCatalogGrain.Key).List());

    /// <summary>What the files of a run say; steps and hash may be half a minute old.</summary>
    public Task<StoredRun> Stored(string run) => _stored.Get(run, async () =>
    {
        var recipe = await Recipe(run);
        var record = await RunRecord.Read(storage, run) ?? throw Missing(run);
        var entries = await Ledger.Read(storage, run);
        var last = entries.Count > 0 ? entries[^1] : null;
        return new StoredRun(run, recipe.Method, recipe.Backbone.Name, record.Created, entries.Count, last?.Hash ?? "", last?.Loss ?? float.NaN, last?.Time);
    });

    /// <summary>All curves of a run up to now: the file, and what was not written yet.</summary>
    public Task<CurveSet> Curves(string run) => _curves.Get(run, async () =>
    {
        await Known(run);
        if (_read.Count > MostRead)
            _read.Clear();
        var (set, position) = _read.GetValueOrDefault(run, (new CurveSet(), 0));
        var (entries, next, anew) = await MetricsLog.ReadOn(storage, run, position);
        if (anew && position > 0)
            set = new CurveSet();
        foreach (var entry in entries)
            set.Add(entry.Step, entry.Values);
        _read[run] = (set, next);
        if (!(await cluster.State()).Runs.Any(r => r.Run == run))
            return set;
        foreach (var e in (await grains.GetGrain<ITrainingRunGrain>(run).Recent(0)).Events)
        {
            if (e.Kind is RunEventKind.Step or RunEventKind.Probe)
                set.Add(e.Step, e.Values);
        }

        return set;
    });

    /// <summary>Events that are no steps, in order.</summary>
    public async Task<IReadOnlyList<RunEvent>> Events(string run)
    {
        await Known(run);
        var events = await EventLog.Read(storage, run);
        if (events.Count > 0)
            return events;

        // A run of before there was an event file: the ledger has at least who was lost.
        return [.. (await Ledger.Read(storage, run)).SelectMany(e => e.Lost.Select(l =>
            new RunEvent(e.Step, RunEventKind.Killed, e.Step, e.Time, $"{l.Worker} lost micro-batches {string.Join(", ", l.Leaves)} ({l.Why})", l.Worker, [])))];
    }

    public Task<LedgerState> Audit(string run) => _ledgers.Get(run, async () =>
    {
        var started = Environment.TickCount64;
        var recipe = await Recipe(run);
        var record = await RunRecord.Read(storage, run) ?? throw Missing(run);
        var entries = await Ledger.Read(storage, run);
        var audit = entries.Count == 0 || record.Samples == 0
            ? new LedgerAudit(0, 0, 0, 0, [], 0, null)
            : Ledger.Audit(entries, record.Samples, recipe.Batch.Effective, recipe.Batch.MicroBatches);
        var checkpoints = await new CheckpointStore(storage, run).Steps();
        return new LedgerState(
            DateTimeOffset.UtcNow, audit, audit.Verdict, audit.IsExact, entries.Count > 0 ? entries[^1].Chain : "", entries.Count > 0 ? entries[^1].Hash : "",
            checkpoints, (Environment.TickCount64 - started) / 1000.0);
    });

    /// <summary>Every key of the recipe, with the base's value where it differs.</summary>
    public async Task<object> RecipeRows(string run)
    {
        var recipe = await Recipe(run);
        var (name, under) = Base(recipe);
        var (own, others) = (Flat(recipe), Flat(under));
        return new { Run = run, Base = name, Rows = own.Select(r => new { r.Key, r.Value, Base = others.GetValueOrDefault(r.Key) is { } b && b != r.Value ? b : null }) };
    }

    /// <summary>Pictures that were put into the run's folder.</summary>
    public async Task<IReadOnlyList<string>> Pictures(string run)
    {
        await Known(run);
        return [.. (await storage.List($"{run}/")).Where(IsPicture).Select(p => p[(run.Length + 1)..])];
    }

    public async Task<byte[]> Picture(string run, string name)
        => IsPicture(name) && (await Pictures(run)).Contains(name) && await storage.Read($"{run}/{name}") is { } bytes
            ? bytes
            : throw new NotThereException($"Run {run} has no picture {name}.");

    /// <summary>A run's recipe as it was written.</summary>
    public async Task<Recipe> Recipe(string run)
    {
        await Known(run);
        return await RunRecord.ReadRecipe(storage, run);
    }

    /// <summary>The request that goes on with a run.</summary>
    public async Task<RunRequest> Resumption(string run)
        => new(RecipeReader.Write(await Recipe(run)), (await RunRecord.Read(storage, run))?.DataPath ?? "", Resume: true);

    private async Task Known(string run)
    {
        if (!(await Names()).Contains(run) || await RunRecord.Read(storage, run) is null)
            throw Missing(run);
    }

    private NotThereException Missing(string run) => new($"There is no run {run} in {storage.Description}.");

    private (string Name, Recipe Recipe) Base(Recipe recipe)
    {
        if (settings.Recipes is { } folder && recipe.Name.Length > 0 && Directory.Exists(folder))
        {
            var file = Directory.EnumerateFiles(folder, "*.jsonc", SearchOption.AllDirectories)
                .FirstOrDefault(f => Path.GetFileNameWithoutExtension(f) == recipe.Name || Path.ChangeExtension(Path.GetRelativePath(folder, f), null) == recipe.Name);
            if (file is not null)
            {
                try
                {
                    return (recipe.Name, RecipeReader.Read(file));
                }
                catch (UserErrorException)
                {
                    // Somebody is editing it.
                }
            }
        }

        return ("the defaults", new Recipe());
    }

    private static Dictionary<string, string> Flat(Recipe recipe)
    {
        var rows = new Dictionary<string, string>();
        Walk(JsonNode.Parse(RecipeReader.Write(recipe)), "");
        return rows;

        void Walk(JsonNode? node, string path)
        {
            if (node is JsonObject { Count: > 0 } o)
            {
                foreach (var (key, value) in o)
                    Walk(value, path.Length == 0 ? key : $"{path}.{key}");
            }
            else if (node is JsonArray { Count: > 0 } a && a[0] is JsonObject)
            {
                for (var i = 0; i < a.Count; i++)
                    Walk(a[i], $"{path}[{i}]");
            }
            else
            {
                rows[path] = node?.ToJsonString(DashboardJson.Options) ?? "null";
            }
        }
    }

    private static bool IsPicture(string path)
        => Path.GetExtension(path) is ".svg" or ".png" or ".jpg" && !path.Contains("/.", StringComparison.Ordinal);
}
