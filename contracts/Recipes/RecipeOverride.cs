using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SslOrleans.Contracts.Recipes;

/// <summary><c>--set optimizer.learningRate=0.1</c>, <c>--set views.0.blur.probability=0.5</c>.</summary>
internal static class RecipeOverride
{
    public static void Apply(JsonObject recipe, string text)
    {
        var equals = text.IndexOf('=');
        if (equals <= 0)
            throw new UserErrorException($"--set {text}: write it as key.path=value, as in --set optimizer.learningRate=0.1.");
        var path = text[..equals].Split('.');
        JsonNode at = recipe;
        for (var i = 0; i < path.Length - 1; i++)
            at = Step(at, path[i], text);
        var value = Value(text[(equals + 1)..]);
        switch (at)
        {
            case JsonObject o:
                o[path[^1]] = value;
                break;
            case JsonArray a:
                a[Index(a, path[^1], text)] = value;
                break;
            default:
                throw new UserErrorException($"--set {text}: {path[^1]} lies under a value that has no parts.");
        }
    }

    private static JsonNode Step(JsonNode at, string key, string text)
    {
        if (at is JsonArray array)
            return array[Index(array, key, text)]!;
        if (at is not JsonObject o)
            throw new UserErrorException($"--set {text}: {key} lies under a value that has no parts.");
        if (o[key] is null)
            o[key] = new JsonObject();
        return o[key]!;
    }

    private static int Index(JsonArray array, string key, string text)
        => int.TryParse(key, CultureInfo.InvariantCulture, out var i) && i >= 0 && i < array.Count
            ? i
            : throw new UserErrorException($"--set {text}: {key} must be a position from 0 to {array.Count - 1} in a list.");

    private static JsonNode? Value(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }
}
