using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Learning.Methods;

/// <summary>What a method refuses when the recipe is read; every message names the field, the value and the mend.</summary>
internal static class Require
{
    /// <summary>At least this many views per image.</summary>
    public static void Views(Recipe recipe, int count)
    {
        var views = recipe.Views.Sum(v => v.Count);
        if (views < count)
            throw Error(recipe, "views", $"describes {views} per image", $"{recipe.Method} needs {count}; raise views.0.count");
    }

    /// <summary>Above 0.</summary>
    public static void Positive(Recipe recipe, string field, double value)
    {
        if (!(value > 0))
            throw Error(recipe, field, $"is {value}", "give a number above 0");
    }

    /// <summary>0 or more.</summary>
    public static void NotNegative(Recipe recipe, string field, double value)
    {
        if (!(value >= 0))
            throw Error(recipe, field, $"is {value}", "give 0 or more");
    }

    /// <summary>A queue that takes whole batches.</summary>
    public static void Queue(Recipe recipe, string field, int length)
    {
        if (length < recipe.Batch.Effective || length % recipe.Batch.Effective != 0)
            throw Error(recipe, field, $"is {length}", $"make it a multiple of batch.effective ({recipe.Batch.Effective})");
    }

    /// <summary>A width that two heads share.</summary>
    public static void SameWidth(Recipe recipe, string field, int width, string other, int otherWidth)
    {
        if (width != otherWidth)
            throw Error(recipe, field, $"ends in {width}", $"{recipe.Method} compares it with {other}; let it end in {otherWidth}");
    }

    /// <summary>One of the listed words.</summary>
    public static void OneOf(Recipe recipe, string field, string value, params string[] allowed)
    {
        if (!allowed.Contains(value))
            throw Error(recipe, field, $"is \"{value}\"", $"use one of {string.Join(", ", allowed)}");
    }

    public static UserErrorException Error(Recipe recipe, string field, string problem, string mend)
        => new($"{recipe.Name}: {field} {problem}; {mend}.");
}
