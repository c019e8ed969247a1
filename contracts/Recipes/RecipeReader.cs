using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace SslOrleans.Contracts.Recipes;

/// <summary>
/// Reads a recipe: JSON with comments, <c>"extends"</c> (a path beside the file, merged key by key; lists replace lists),
/// then <c>key.path=value</c> overrides, then the checks.
/// </summary>
public static class RecipeReader
{
    private static readonly JsonDocumentOptions s_document = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        AllowDuplicateProperties = false,
    };

    /// <summary>The key that names the schema for editors; it means nothing to a run.</summary>
    public const string SchemaKey = "$schema";

    /// <summary>How recipes are written and read: camelCase, indented.</summary>
    public static JsonSerializerOptions SerializerOptions { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        IgnoreReadOnlyProperties = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        NumberHandling = JsonNumberHandling.Strict,
        Converters = { new NumberAsText(), new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false) },
    };

    /// <summary>Reads, merges, overrides and checks a recipe file.</summary>
    /// <exception cref="UserErrorException">The file is missing, malformed, has an unknown key or fails a check.</exception>
    public static Recipe Read(string path, IEnumerable<string>? overrides = null)
    {
        var merged = ReadMerged(path, []);
        if (merged["name"] is null)
            merged["name"] = Path.GetFileNameWithoutExtension(path);
        return Finish(merged, path, overrides);
    }

    /// <summary>The same for text that has no <c>"extends"</c>, such as the copy that a run keeps.</summary>
    public static Recipe Parse(string json, IEnumerable<string>? overrides = null, string where = "recipe")
        => Finish(ParseObject(json, where), where, overrides);

    /// <summary>The whole recipe with every default written out; reading it back gives an equal recipe.</summary>
    public static string Write(Recipe recipe)
    {
        var json = JsonSerializer.SerializeToNode(recipe, SerializerOptions)!.AsObject();
        ViewKinds.Strip(json);
        return json.ToJsonString(SerializerOptions);
    }

    /// <summary>Keys whose values differ, as <c>path: a → b</c>.</summary>
    public static IReadOnlyList<string> Differences(Recipe a, Recipe b)
    {
        var found = new List<string>();
        Compare(JsonNode.Parse(Write(a)), JsonNode.Parse(Write(b)), "", found);
        return found;
    }

    private static void Compare(JsonNode? a, JsonNode? b, string path, List<string> found)
    {
        if (a is JsonObject x && b is JsonObject y)
        {
            foreach (var key in x.Select(p => p.Key).Union(y.Select(p => p.Key)))
                Compare(x[key], y[key], path.Length == 0 ? key : $"{path}.{key}", found);
        }
        else if (!JsonNode.DeepEquals(a, b))
        {
            found.Add($"{path}: {a?.ToJsonString() ?? "unset"} → {b?.ToJsonString() ?? "unset"}");
        }
    }

    private static Recipe Finish(JsonObject json, string where, IEnumerable<string>? overrides)
    {
        foreach (var text in overrides ?? [])
            RecipeOverride.Apply(json, text);
        RecipeKeys.Check(json, where);
        ViewKinds.Check(json, where);
        Recipe recipe;
        try
        {
            recipe = json.Deserialize<Recipe>(SerializerOptions)
                ?? throw new UserErrorException($"{where}: the recipe is empty; write an object with at least \"method\".");
        }
        catch (JsonException e)
        {
            throw new UserErrorException($"{where}: {e.Path?.TrimStart('$', '.')} has a value of the wrong kind; {FirstSentence(e.Message)}", e);
        }

        RecipeChecks.Check(recipe, where);
        return recipe;
    }

    private static JsonObject ReadMerged(string path, HashSet<string> chain)
    {
        var full = Path.GetFullPath(path);
        if (!File.Exists(full))
            throw new UserErrorException($"Recipe {path} does not exist; `sslo recipe list` shows those that come with the project.");
        if (!chain.Add(full))
            throw new UserErrorException($"{path}: \"extends\" leads back to itself; remove one link of the circle.");
        var own = ParseObject(File.ReadAllText(full), path);
        if (own["extends"] is not { } extends)
            return own;
        own.Remove("extends");
        if (extends.GetValueKind() != JsonValueKind.String)
            throw new UserErrorException($"{path}: \"extends\" must be the path of a recipe beside this one.");
        var under = ReadMerged(Path.Combine(Path.GetDirectoryName(full)!, extends.GetValue<string>()), chain);
        under.Remove("name");
        under.Remove("description");
        return Merge(under, own);
    }

    private static JsonObject Merge(JsonObject under, JsonObject over)
    {
        foreach (var (key, value) in over.ToList())
        {
            over.Remove(key);
            under[key] = under[key] is JsonObject a && value is JsonObject b ? Merge((JsonObject)a.DeepClone(), b) : value;
        }

        return under;
    }

    private static JsonObject ParseObject(string json, string where)
    {
        try
        {
            var recipe = JsonNode.Parse(json, documentOptions: s_document) as JsonObject
                ?? throw new UserErrorException($"{where}: a recipe is a JSON object, as in {{ \"method\": \"simclr\" }}.");
            recipe.Remove(SchemaKey);
            return recipe;
        }
        catch (JsonException e) when (e.Message.StartsWith("Duplicate", StringComparison.Ordinal))
        {
            throw new UserErrorException($"{where}: a key is written twice; {FirstSentence(e.Message)}", e);
        }
        catch (JsonException e)
        {
            throw new UserErrorException($"{where}, line {e.LineNumber + 1}: not valid JSON; {FirstSentence(e.Message)}", e);
        }
    }

    private static string FirstSentence(string message)
    {
        var end = message.IndexOf(". ", StringComparison.Ordinal);
        return end < 0 ? message : message[..(end + 1)];
    }
}
