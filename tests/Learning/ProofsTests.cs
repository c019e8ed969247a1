using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Tests.Golden;

namespace SslOrleans.Learning.Tests;

/// <summary>docs/methods/proofs.json, which <c>sslo methods</c> prints, says what the tests hold and nothing else.</summary>
public class ProofsTests
{
    public static string File => Path.Combine(Path.GetDirectoryName(Here())!, "..", "..", "docs", "methods", "proofs.json");

    [Fact]
    public void Golden_cases_and_facts_are_those_of_the_tests()
    {
        using var said = JsonDocument.Parse(System.IO.File.ReadAllText(File));
        var facts = Facts();
        Assert.Equal(MethodCatalog.All.Select(m => m.Name), said.RootElement.EnumerateObject().Select(m => m.Name));
        foreach (var method in said.RootElement.EnumerateObject())
        {
            Assert.Equal((method.Name, GoldenCase.All.Count(c => c.Method == method.Name)), (method.Name, method.Value.GetProperty("golden").GetInt32()));
            Assert.Equal(
                $"{method.Name}: {string.Join("; ", facts[method.Name].Order(StringComparer.Ordinal))}",
                $"{method.Name}: {string.Join("; ", method.Value.GetProperty("facts").EnumerateArray().Select(f => f.GetString()!))}");
        }
    }

    [Fact]
    public void Every_method_has_a_quick_recipe_and_a_page_that_says_what_is_held()
    {
        using var said = JsonDocument.Parse(System.IO.File.ReadAllText(File));
        var pages = Path.GetDirectoryName(File)!;
        foreach (var method in said.RootElement.EnumerateObject())
        {
            Assert.True(System.IO.File.Exists(Path.Combine(pages, "..", "..", "recipes", $"{QuickRecipes.Of(method.Name)}.jsonc")), method.Name);
            var page = System.IO.File.ReadAllText(Path.Combine(pages, $"{method.Name}.md"));
            var margin = method.Value.GetProperty("margin").GetInt32();
            Assert.Contains(margin > 0 ? $"a slow test holds {margin} point" : "does **not** beat", page, StringComparison.Ordinal);
            Assert.Contains(MethodCatalog.Find(method.Name).Paper, page, StringComparison.Ordinal);
        }
    }

    /// <summary>Tests that carry the trait <c>Method</c>, by method.</summary>
    private static ILookup<string, string> Facts()
        => (from type in typeof(ProofsTests).Assembly.GetTypes()
            from test in type.GetMethods()
            where test.GetCustomAttribute<FactAttribute>() is { Skip: null }
            from trait in test.GetCustomAttributesData().Where(a => a.AttributeType == typeof(TraitAttribute))
            where (string?)trait.ConstructorArguments[0].Value == "Method"
            select (Method: (string)trait.ConstructorArguments[1].Value!, test.Name)).ToLookup(t => t.Method, t => t.Name);

    private static string Here([CallerFilePath] string path = "") => path;
}
