using System.Runtime.CompilerServices;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Methods;

namespace SslOrleans.Learning.Tests;

/// <summary>Every recipe file is read, checked and built.</summary>
public class RecipeFilesTests
{
    private static readonly string s_folder = Path.Combine(Path.GetDirectoryName(Here())!, "..", "..", "recipes");

    private static readonly string[] s_files = [.. Directory.GetFiles(s_folder, "*.jsonc").Select(f => Path.GetFileName(f)).Order()];

    public static TheoryData<string> Files => [.. s_files];

    [Theory]
    [MemberData(nameof(Files))]
    public void Recipe_is_accepted_and_its_networks_can_be_built(string file)
    {
        var recipe = RecipeReader.Read(Path.Combine(s_folder, file));
        Assert.NotEmpty(recipe.Description);
        var method = MethodCatalog.Create(recipe);
        using var networks = method.Build();
        Assert.NotEmpty(networks.Student.parameters());
    }

    [Fact]
    public void Every_method_has_a_quick_recipe_and_all_but_the_gallery_a_long_one()
    {
        foreach (var method in MethodCatalog.All)
        {
            Assert.Contains($"{QuickRecipes.Of(method.Name)}.jsonc", s_files);
            if (method.Family != "gallery" && method.Modalities[0] == Modality.Image)
                Assert.Contains($"{method.Name}-cifar10.jsonc", s_files);
        }
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
