using System.Collections;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SslOrleans.Contracts.Recipes;

/// <summary>Refuses unknown keys by name, with the nearest known one.</summary>
public static class RecipeKeys
{
    /// <summary>Checks every key of a recipe; keys under <c>loss</c> belong to the method, which checks them itself.</summary>
    public static void Check(JsonObject recipe, string where) => Check(recipe, typeof(Recipe), "", where);

    /// <summary>The same for another file that is read into <typeparamref name="T"/>.</summary>
    public static void Check<T>(JsonObject json, string where) => Check(json, typeof(T), "", where);

    /// <summary>The keys that a record of this type has, in camelCase.</summary>
    public static IReadOnlyDictionary<string, PropertyInfo> Of(Type type)
        => type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.SetMethod is { IsPublic: true })
            .ToDictionary(p => JsonNamingPolicy.CamelCase.ConvertName(p.Name));

    /// <summary>The error for a key that does not exist.</summary>
    public static UserErrorException Unknown(string where, string path, string key, IEnumerable<string> known)
    {
        var names = known.ToList();
        var nearest = Nearest(key, names);
        var hint = nearest is null ? "it takes no keys" : $"the nearest known one is \"{nearest}\"";
        return new UserErrorException($"{where}: unknown key \"{path}{key}\"; {hint}.");
    }

    /// <summary>The known name with the fewest edits to what was written; null when none is known.</summary>
    public static string? Nearest(string written, IEnumerable<string> known)
        => known.MinBy(k => Distance(k.ToLowerInvariant(), written.ToLowerInvariant()));

    /// <summary>The known name that is a typing mistake away from what was written; null when none is near.</summary>
    public static string? Near(string written, IEnumerable<string> known)
        => Nearest(written, known) is { } nearest && Distance(nearest.ToLowerInvariant(), written.ToLowerInvariant()) <= Math.Max(1, (written.Length + 1) / 2) ? nearest : null;

    /// <summary><c> the nearest known one is "x";</c>, or nothing.</summary>
    public static string Hint(string written, IEnumerable<string> known) => Near(written, known) is { } near ? $" the nearest known one is \"{near}\";" : "";

    private static void Check(JsonObject json, Type type, string path, string where)
    {
        var known = Of(type);
        foreach (var (key, value) in json)
        {
            if (!known.TryGetValue(key, out var property))
                throw Unknown(where, path, key, known.Keys);
            if (property.PropertyType == typeof(JsonObject))
                continue;
            if (property.PropertyType.IsEnum)
                CheckWord(value, property.PropertyType, $"{path}{key}", where);
            if (value is JsonObject o && property.PropertyType.IsClass && property.PropertyType != typeof(string))
                Check(o, property.PropertyType, $"{path}{key}.", where);
            if (value is JsonArray a && ElementRecord(property.PropertyType) is { } element)
            {
                for (var i = 0; i < a.Count; i++)
                {
                    if (a[i] is JsonObject item)
                        Check(item, element, $"{path}{key}.{i}.", where);
                }
            }
        }
    }

    /// <summary>A word of a closed set.</summary>
    private static void CheckWord(JsonNode? value, Type type, string field, string where)
    {
        var words = Enum.GetNames(type).Select(JsonNamingPolicy.KebabCaseLower.ConvertName).ToList();
        var word = value is JsonValue v && v.TryGetValue<string>(out var text) ? text : value?.ToJsonString() ?? "null";
        if (!words.Contains(word))
            throw new UserErrorException($"{where}: {field} is \"{word}\"; use one of {string.Join(", ", words)}{(Near(word, words) is { } near ? $"; the nearest is \"{near}\"" : "")}.");
    }

    private static Type? ElementRecord(Type type)
        => type.IsGenericType && typeof(IEnumerable).IsAssignableFrom(type) && type.GetGenericArguments()[0] is { IsClass: true } t && t != typeof(string)
            ? t
            : null;

    /// <summary>Levenshtein distance.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var up = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = up;
            }
        }

        return row[^1];
    }
}
