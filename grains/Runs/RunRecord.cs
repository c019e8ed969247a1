using System.Text;
using System.Text.Json;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Grains.Runs;

/// <summary>What a run keeps beside recipe and ledger: where its data is, and which numerics class its bits belong to.</summary>
public sealed record RunRecord
{
    public const string FileName = "run.json";

    public const string RecipeFileName = "recipe.jsonc";

    public string DataPath { get; init; } = "";

    /// <summary>The recipe that the run was begun with, as JSON: the file beside this one may be changed by hand. Empty in runs of older builds.</summary>
    public string Recipe { get; init; } = "";

    /// <summary>Of the first worker; empty until there was one.</summary>
    public string NumericsClass { get; init; } = "";

    /// <summary>Of the images that the run was begun with; empty until a worker told it.</summary>
    public string DataFingerprint { get; init; } = "";

    /// <summary>Samples in an epoch; 0 until a worker told it.</summary>
    public long Samples { get; init; }

    public DateTimeOffset Created { get; init; }

    /// <summary>Request that began it; empty in runs of older builds.</summary>
    public string Request { get; init; } = "";

    /// <summary>It was begun or resumed, and neither completed nor stopped nor failed since.</summary>
    public bool Training { get; init; }

    /// <summary>Reads the record of a run, or writes the first.</summary>
    /// <exception cref="UserErrorException">The name is taken, or the recipe was changed.</exception>
    public static async Task<RunRecord> OpenOrCreate(IRunStorage storage, string run, Recipe recipe, RunRequest request)
    {
        if (await Read(storage, run) is not { } record)
        {
            if (request.DataPath.Length == 0)
                throw new UserErrorException($"Run {run} needs images; name them with --data PATH or make some with `sslo data generate PATH`.");
            record = new RunRecord { DataPath = request.DataPath, Recipe = RecipeReader.Write(recipe), Created = DateTimeOffset.UtcNow, Request = request.Id };
            await storage.Write($"{run}/{RecipeFileName}", Encoding.UTF8.GetBytes(RecipeReader.Write(recipe)));
            await record.Save(storage, run);
            return record;
        }

        if (!request.Resume && !record.IsOf(request))
            throw new UserErrorException($"Run {run} exists in {storage.Description}; go on with `sslo resume {run}` or choose another name with --run.");
        var kept = await ReadRecipe(storage, run);
        if (record.Recipe.Length > 0 && RecipeReader.Differences(RecipeReader.Parse(record.Recipe, where: $"{run}/{FileName}"), kept) is { Count: > 0 } edits)
        {
            throw new UserErrorException(
                $"{run}/{RecipeFileName} was changed since the run was begun ({string.Join("; ", edits.Take(3))}), and a run keeps its schedule; change it back, or start a new run from this one's weights (`sslo export {run} FILE`, --set initial=FILE).");
        }

        var differences = RecipeReader.Differences(kept, recipe);
        if (differences.Count > 0)
            throw new UserErrorException($"Run {run} was begun with another recipe ({string.Join("; ", differences.Take(3))}); resume it as it was or start a new run.");
        return record;
    }

    /// <summary>This request began it: it comes again because its answer was lost with a silo.</summary>
    public bool IsOf(RunRequest request) => request.Id.Length > 0 && Request == request.Id;

    /// <returns>Null when there is no such run.</returns>
    /// <exception cref="UserErrorException">The record is damaged.</exception>
    public static async Task<RunRecord?> Read(IRunStorage storage, string run)
    {
        if (await storage.Read($"{run}/{FileName}") is not { } json)
            return null;
        var why = "";
        try
        {
            if (JsonSerializer.Deserialize<RunRecord>(json, RecipeReader.SerializerOptions) is { DataPath: not null, DataFingerprint: not null, Recipe: not null, NumericsClass: not null, Request: not null } record)
                return record;
        }
        catch (JsonException e)
        {
            why = $" ({e.Message.Split(" Path:")[0].TrimEnd('.')})";
        }

        throw new UserErrorException($"{run}/{FileName} in {storage.Description} is damaged{why}; put a copy of it back, or start a new run from this one's weights (`sslo export`).");
    }

    /// <exception cref="UserErrorException">There is no such run.</exception>
    public static async Task<Recipe> ReadRecipe(IRunStorage storage, string run)
        => RecipeReader.Parse(
            Encoding.UTF8.GetString(await storage.Read($"{run}/{RecipeFileName}") ?? throw await NoRun(storage, run)),
            where: $"{run}/{RecipeFileName}");

    private static async Task<UserErrorException> NoRun(IRunStorage storage, string run)
    {
        var runs = (await storage.List("")).Where(p => p.EndsWith($"/{FileName}", StringComparison.Ordinal)).Select(p => p[..^(FileName.Length + 1)]);
        return new UserErrorException($"There is no run {run} in {storage.Description};{RecipeKeys.Hint(run, runs)} `sslo runs` lists them.");
    }

    public Task Save(IRunStorage storage, string run)
        => storage.Write($"{run}/{FileName}", JsonSerializer.SerializeToUtf8Bytes(this, RecipeReader.SerializerOptions));
}
