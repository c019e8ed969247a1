using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Learning.Methods;

/// <summary>Finds methods by their <see cref="MethodAttribute"/>: a new method is one new file.</summary>
public static class MethodCatalog
{
    private static readonly Dictionary<string, Type> s_types = typeof(MethodCatalog).Assembly.GetTypes()
        .Where(t => typeof(IMethod).IsAssignableFrom(t) && t.GetCustomAttribute<MethodAttribute>() is not null)
        .ToDictionary(t => t.GetCustomAttribute<MethodAttribute>()!.Name);

    private static readonly ConcurrentDictionary<string, Type> s_unlisted = new();

    /// <summary>Every method, by name.</summary>
    public static IReadOnlyList<MethodAttribute> All { get; } =
        [.. s_types.Values.Select(t => t.GetCustomAttribute<MethodAttribute>()!).OrderBy(m => m.Name, StringComparer.Ordinal)];

    /// <summary>Lets recipes name a method of another assembly, which <see cref="All"/> does not list.</summary>
    internal static void AddUnlisted(Type method) => s_unlisted[method.GetCustomAttribute<MethodAttribute>()!.Name] = method;

    /// <summary>The method that the recipe names.</summary>
    /// <exception cref="UserErrorException">There is none, or the recipe's numbers do not fit it.</exception>
    public static IMethod Create(Recipe recipe)
    {
        if (!s_types.TryGetValue(recipe.Method, out var type) && !s_unlisted.TryGetValue(recipe.Method, out type))
            throw Unknown(recipe.Method);
        var attribute = type.GetCustomAttribute<MethodAttribute>()!;
        Require.Modality(recipe, attribute);
        Require.Views(recipe, attribute);
        Require.FrozenTeacher(recipe, attribute.FrozenTeacher);
        try
        {
            return (IMethod)Activator.CreateInstance(type, recipe)!;
        }
        catch (TargetInvocationException e) when (e.InnerException is UserErrorException inner)
        {
            throw new UserErrorException(inner.Message, inner);
        }
    }

    /// <summary>Refuses a recipe whose method deals the images into more groups than there are images.</summary>
    /// <exception cref="UserErrorException">It does.</exception>
    public static void CheckSamples(Recipe recipe, IMethod method, long samples)
    {
        foreach (var (key, count) in method.Groups)
        {
            if (count > samples)
                throw Require.Error(recipe, key, $"is {count}", $"the data set has {samples} images; give at most as many, or bring more images");
        }
    }

    /// <summary>The keys of the method's <c>loss</c> section with their default values, in the order of the method's file.</summary>
    /// <exception cref="UserErrorException">There is no such method.</exception>
    public static JsonObject DefaultOptions(string method)
    {
        var options = OptionsOf(method);
        return options is null
            ? []
            : JsonSerializer.SerializeToNode(Activator.CreateInstance(options), options, RecipeReader.SerializerOptions)!.AsObject();
    }

    /// <summary>The record of the method's <c>loss</c> section; null when it takes no keys.</summary>
    /// <exception cref="UserErrorException">There is no such method.</exception>
    internal static Type? OptionsOf(string method)
    {
        Find(method);
        return s_types[method].GetNestedType("Options");
    }

    /// <summary>What is known of a method.</summary>
    /// <exception cref="UserErrorException">There is no such method.</exception>
    public static MethodAttribute Find(string method) => All.FirstOrDefault(m => m.Name == method)
        ?? throw Unknown(method);

    private static UserErrorException Unknown(string method) => new($"method \"{method}\" is unknown;{RecipeKeys.Hint(method, s_types.Keys)} `sslo methods` shows all.");

    /// <summary>The recipe's <c>loss</c> section as the method's own record; unknown keys are refused by name.</summary>
    public static T Options<T>(Recipe recipe)
        where T : new()
    {
        var known = RecipeKeys.Of(typeof(T));
        foreach (var (key, _) in recipe.Loss)
        {
            if (!known.ContainsKey(key))
                throw RecipeKeys.Unknown(recipe.Name, "loss.", key, known.Keys);
        }

        try
        {
            return ((JsonObject)recipe.Loss.DeepClone()).Deserialize<T>(RecipeReader.SerializerOptions) ?? new T();
        }
        catch (JsonException e)
        {
            throw new UserErrorException($"{recipe.Name}: loss{e.Path?.TrimStart('$')} has a value of the wrong kind.", e);
        }
    }
}
