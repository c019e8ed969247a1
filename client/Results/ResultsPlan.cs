using System.Text.Json;
using System.Text.Json.Nodes;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Evaluate;
using SslOrleans.Learning.Methods;

namespace SslOrleans.Client.Results;

/// <summary>One row of a results table: a recipe that is trained with every seed.</summary>
public sealed record ResultsRow
{
    /// <summary>As the table says it; also part of the runs' names.</summary>
    public string Name { get; init; } = "";

    /// <summary>A recipe file, or the name of one that comes with the project.</summary>
    public string Recipe { get; init; } = "";

    /// <summary>What it changes, as <c>loss.temperature=0.1</c>.</summary>
    public IReadOnlyList<string> Set { get; init; } = [];

    /// <summary>Its data set, where that is another one than the table's.</summary>
    public string Data { get; init; } = "";

    /// <summary>Measured as it is initialised, without a step.</summary>
    public bool Untrained { get; init; }
}

/// <summary>What <c>sslo table</c> trains and measures: recipes × seeds × probes.</summary>
public sealed record ResultsPlan
{
    private static readonly JsonDocumentOptions s_comments = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>Above the table.</summary>
    public string Title { get; init; } = "";

    /// <summary>Data set; a row may name its own, and <c>--data</c> goes before both.</summary>
    public string Data { get; init; } = "";

    /// <summary>Every row is trained with each.</summary>
    public IReadOnlyList<ulong> Seeds { get; init; } = [0, 1, 2];

    /// <summary>Probes of <c>sslo evaluate</c>.</summary>
    public IReadOnlyList<string> Probes { get; init; } = ["knn", "linear", "rank"];

    /// <summary>What every row changes, before its own.</summary>
    public IReadOnlyList<string> Set { get; init; } = [];

    public IReadOnlyList<ResultsRow> Rows { get; init; } = [];

    /// <summary>The file's name: first part of the runs' names.</summary>
    public string Name { get; private init; } = "";

    /// <summary>Reads a file and every recipe in it, so that a mistake in the last row costs no night.</summary>
    /// <exception cref="UserErrorException">It is no table, two rows have one name, or a recipe, a probe or a setting is not there.</exception>
    public static ResultsPlan Read(string path)
    {
        if (!File.Exists(path))
            throw new UserErrorException($"Table {path} does not exist; docs/evaluation.md shows how one is written.");
        ResultsPlan plan;
        try
        {
            var json = JsonNode.Parse(File.ReadAllText(path), documentOptions: s_comments) as JsonObject
                ?? throw new UserErrorException($"{path}: it must be an object with title and rows.");
            json.Remove("$schema");
            RecipeKeys.Check<ResultsPlan>(json, path);
            plan = json.Deserialize<ResultsPlan>(RecipeReader.SerializerOptions)! with { Name = Path.GetFileNameWithoutExtension(path) };
        }
        catch (JsonException e)
        {
            throw new UserErrorException($"{path}: {e.Message}", e);
        }

        plan.Check(path);
        return plan;
    }

    /// <summary>The recipe of a row and a seed.</summary>
    /// <param name="row">One of <see cref="Rows"/>.</param>
    /// <param name="seed">One of <see cref="Seeds"/>.</param>
    /// <param name="more">What the command line changes, after everything else.</param>
    public Recipe RecipeOf(ResultsRow row, ulong seed, IReadOnlyList<string> more)
        => RecipeReader.Read(ProjectFiles.FindRecipe(row.Recipe), [.. Set, .. row.Set, .. more, FormattableString.Invariant($"seed={seed}")]);

    /// <summary>The name of a run: the same row and seed always find the same run.</summary>
    public string RunOf(ResultsRow row, ulong seed) => FormattableString.Invariant($"{Name}-{row.Name}-{seed}");

    private void Check(string path)
    {
        if (!RunNames.IsOne(Name))
            throw new UserErrorException($"{path}: its name begins the names of its runs; use {RunNames.Rule}.");
        if (Rows.Count == 0)
            throw new UserErrorException($"{path}: rows is empty; give at least one, as in {{ \"name\": \"simclr\", \"recipe\": \"simclr-cifar10-quick\" }}.");
        if (Seeds.Count == 0 || Seeds.Distinct().Count() < Seeds.Count)
            throw new UserErrorException($"{path}: seeds is [{string.Join(", ", Seeds)}]; give one or more different numbers.");
        var known = ProbeSuite.All.Select(p => p.Name).ToList();
        foreach (var probe in Probes.Where(p => !known.Contains(p)))
            throw new UserErrorException($"{path}: probes has \"{probe}\";{RecipeKeys.Hint(probe, known)} use some of {string.Join(", ", known)}.");
        foreach (var (index, row) in Rows.Index())
        {
            if (!RunNames.IsOne(row.Name))
                throw new UserErrorException($"{path}: rows.{index}.name is \"{row.Name}\"; use {RunNames.Rule}.");
            if (Rows.Take(index).Any(r => r.Name == row.Name))
                throw new UserErrorException($"{path}: rows.{index}.name is \"{row.Name}\", as another row's is; give each row a name of its own.");
        }

        foreach (var row in Rows)
        {
            try
            {
                MethodCatalog.Create(RecipeOf(row, Seeds[0], []));
            }
            catch (UserErrorException e)
            {
                throw new UserErrorException($"{path}: row {row.Name}: {e.Message}", e);
            }
        }
    }
}
