using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Learning.Backbones;

/// <summary>Backbones by the name that recipes use.</summary>
public static class BackboneCatalog
{
    private static readonly Dictionary<string, Entry> s_entries = new()
    {
        ["conv4"] = new(256, _ => new Conv4()),
        ["resnet18"] = new(512, r => ResNet.ResNet18(CifarStem(r))),
        ["resnet34"] = new(512, r => ResNet.ResNet34(CifarStem(r))),
        ["resnet50"] = new(2048, r => ResNet.ResNet50(CifarStem(r))),
    };

    /// <summary>Every name, in order of size.</summary>
    public static IReadOnlyCollection<string> Names => s_entries.Keys;

    /// <summary>Builds a backbone; <see cref="Initialization.Reset"/> then gives it the weights of a seed.</summary>
    /// <exception cref="UserErrorException">The name or one of the numbers is wrong.</exception>
    public static Backbone Create(BackboneRecipe recipe) => Find(recipe).Create(recipe);

    /// <summary>D of the backbone that <see cref="Create"/> would build.</summary>
    /// <exception cref="UserErrorException">The name is unknown.</exception>
    public static int FeatureDimension(BackboneRecipe recipe) => Find(recipe).FeatureDimension;

    private static Entry Find(BackboneRecipe recipe)
        => s_entries.TryGetValue(recipe.Name, out var entry)
            ? entry
            : throw new UserErrorException($"backbone.name is \"{recipe.Name}\"; use one of {string.Join(", ", Names)}.");

    private static bool CifarStem(BackboneRecipe recipe) => recipe.Stem switch
    {
        "cifar" => true,
        "imagenet" => false,
        _ => throw new UserErrorException($"backbone.stem is \"{recipe.Stem}\"; use one of cifar, imagenet."),
    };

    private sealed record Entry(int FeatureDimension, Func<BackboneRecipe, Backbone> Create);
}
