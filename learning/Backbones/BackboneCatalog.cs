using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Learning.Backbones;

/// <summary>Backbones by the name that recipes use.</summary>
public static class BackboneCatalog
{
    private static readonly Dictionary<string, Entry> s_entries = new()
    {
        ["conv4"] = new(256, 4, _ => new Conv4()),
        ["resnet18"] = new(512, 5, r => ResNet.ResNet18(CifarStem(r))),
        ["resnet34"] = new(512, 5, r => ResNet.ResNet34(CifarStem(r))),
        ["resnet50"] = new(2048, 5, r => ResNet.ResNet50(CifarStem(r))),
    };

    /// <summary>Widths and depths of the stages; the first is ours, for quick runs on a CPU, the others as timm has them.</summary>
    private static readonly Dictionary<string, (int[] Widths, int[] Depths)> s_convNexts = new()
    {
        ["convnextv2-zepto"] = ([32, 64, 128], [1, 1, 2]),
        ["convnextv2-atto"] = ([40, 80, 160, 320], [2, 2, 6, 2]),
        ["convnextv2-pico"] = ([64, 128, 256, 512], [2, 2, 6, 2]),
        ["convnextv2-nano"] = ([80, 160, 320, 640], [2, 2, 8, 2]),
        ["convnextv2-tiny"] = ([96, 192, 384, 768], [3, 3, 9, 3]),
    };

    /// <summary>Width, depth and heads; the first is for quick runs on a CPU.</summary>
    private static readonly Dictionary<string, (int Width, int Depth, int Heads)> s_transformers = new()
    {
        ["vit-nano"] = (128, 4, 4),
        ["vit-ti"] = (192, 12, 3),
        ["vit-s"] = (384, 12, 6),
        ["vit-b"] = (768, 12, 12),
    };

    /// <summary>Transformers of tokens; widths, depths and heads are those of the ViTs of the same size.</summary>
    private static readonly Dictionary<string, (int Width, int Depth, int Heads)> s_texts = new()
    {
        ["text-nano"] = (128, 4, 4),
        ["text-ti"] = (192, 12, 3),
        ["text-s"] = (384, 12, 6),
        ["text-b"] = (768, 12, 12),
    };

    /// <summary>MLPs of rows of a table: width and layers; the first is SCARF's.</summary>
    private static readonly Dictionary<string, (int Width, int Depth)> s_tables = new()
    {
        ["table-mlp"] = (256, 4),
        ["table-mlp-small"] = (64, 2),
    };

    /// <summary>SAINT: width of a token, pairs of blocks, heads, attention over rows; the first two are the paper's, the last is for quick runs on a CPU.</summary>
    private static readonly Dictionary<string, (int Width, int Depth, int Heads, bool AcrossRows)> s_saints = new()
    {
        ["saint"] = (32, 6, 8, true),
        ["saint-s"] = (32, 6, 8, false),
        ["saint-nano"] = (16, 1, 2, true),
    };

    /// <summary>Vectors of tokens without order: their width.</summary>
    private static readonly Dictionary<string, int> s_bags = new()
    {
        ["text-bag"] = 300,
        ["text-bag-small"] = 64,
    };

    /// <summary>Every name of a backbone of images, in order of size.</summary>
    public static IReadOnlyCollection<string> Names { get; } = [.. s_entries.Keys, .. s_convNexts.Keys, .. s_transformers.Keys];

    /// <summary>The backbone of a recipe's samples.</summary>
    /// <exception cref="UserErrorException">The name or one of the numbers is wrong.</exception>
    public static Backbone Create(Recipe recipe)
    {
        switch (recipe.Data.Modality)
        {
            case Modality.Table:
                return Table(recipe);
            case Modality.Text:
                if (s_bags.TryGetValue(recipe.Backbone.Name, out var bag))
                    return new TextBag(recipe.Text.Tokens, bag);
                return Text(recipe.Backbone.Name, recipe.Text.Tokens, recipe.Views.Max(v => v.Text.Length), causal: false, "backbone.name", recipe.Text.Dropout, recipe.Backbone.Pooling == "mean");
            case Modality.Audio or Modality.Video:
                return OfGrid(recipe);
            default:
                return Create(recipe.Backbone);
        }
    }

    private static TableBackbone Table(Recipe recipe)
        => s_saints.TryGetValue(recipe.Backbone.Name, out var saint) ? new Saint(recipe.Table.Used, saint.Width, saint.Depth, saint.Heads, saint.AcrossRows)
            : s_tables.TryGetValue(recipe.Backbone.Name, out var size) ? new TableMlp(recipe.Table.Used, size.Width, size.Depth)
            : throw new UserErrorException($"{recipe.Name}: backbone.name is \"{recipe.Backbone.Name}\"; of data.modality table use one of {string.Join(", ", [.. s_tables.Keys, .. s_saints.Keys])}.");

    /// <summary>A transformer of patches of spectrograms or clips.</summary>
    /// <exception cref="UserErrorException">The recipe names something else, or the patches do not divide a view.</exception>
    public static GridVit Grid(Recipe recipe) => OfGrid(recipe) as GridVit
        ?? throw new UserErrorException($"{recipe.Name}: backbone.name is \"{recipe.Backbone.Name}\", but this method works on patches; use one of {string.Join(", ", s_transformers.Keys)}.");

    private static Backbone OfGrid(Recipe recipe)
    {
        if (s_transformers.TryGetValue(recipe.Backbone.Name, out var size))
            return GridVit.Of(recipe, size.Width, size.Depth, size.Heads);
        if (recipe.Backbone.Name != "conv4")
            throw new UserErrorException($"{recipe.Name}: backbone.name is \"{recipe.Backbone.Name}\"; of data.modality {ViewKinds.Name(recipe.Data.Modality)} use one of conv4, {string.Join(", ", s_transformers.Keys)}.");
        return new Conv4(recipe.Data.Modality == Modality.Audio ? 1 : 3 * recipe.Views[0].Clip.Frames);
    }

    /// <summary>Builds a backbone; <see cref="Initialization.Reset"/> then gives it the weights of a seed.</summary>
    /// <exception cref="UserErrorException">The name or one of the numbers is wrong.</exception>
    public static Backbone Create(BackboneRecipe recipe) 
        => s_transformers.ContainsKey(recipe.Name) ? Transformer(recipe) : s_convNexts.ContainsKey(recipe.Name) ? ConvNext(recipe) : Find(recipe).Create(recipe);

    /// <summary>A ConvNeXt V2, which can run on visible places alone.</summary>
    /// <exception cref="UserErrorException">The recipe names something else.</exception>
    public static ConvNextV2 ConvNext(BackboneRecipe recipe)
        => s_convNexts.TryGetValue(recipe.Name, out var size)
            ? new ConvNextV2(recipe.Name, size.Widths, size.Depths, CifarStem(recipe) ? 2 : 4, recipe.ResponseNorm)
            : throw new UserErrorException($"backbone.name is \"{recipe.Name}\", but this method hides places of a convolutional net; use one of {string.Join(", ", s_convNexts.Keys)}.");

    /// <summary>A ViT whose parts a masked method uses.</summary>
    /// <param name="recipe">Must name a ViT.</param>
    /// <param name="fixedPositions">Sine and cosine positions in place of learned ones.</param>
    /// <exception cref="UserErrorException">It names something else, or the patch does not divide the image.</exception>
    public static Vit Transformer(BackboneRecipe recipe, bool fixedPositions = false)
    {
        if (!s_transformers.TryGetValue(recipe.Name, out var size))
            throw new UserErrorException($"backbone.name is \"{recipe.Name}\", but this method works on patches; use one of {string.Join(", ", s_transformers.Keys)}.");
        if (recipe.PatchSize < 1 || recipe.ImageSize % recipe.PatchSize != 0)
            throw new UserErrorException($"backbone.patchSize is {recipe.PatchSize}, which does not divide backbone.imageSize ({recipe.ImageSize}); make it a divisor.");
        if (recipe.Pooling is not ("cls" or "mean"))
            throw new UserErrorException($"backbone.pooling is \"{recipe.Pooling}\"; use one of cls, mean.");
        if (recipe.DropPathRule is not ("linear" or "uniform"))
            throw new UserErrorException($"backbone.dropPathRule is \"{recipe.DropPathRule}\"; use one of linear, uniform.");
        if (recipe.DropPath is not (>= 0 and < 1))
            throw new UserErrorException($"backbone.dropPath is {recipe.DropPath}; give a rate from 0 to below 1.");
        return new Vit(recipe, size.Width, size.Depth, size.Heads, fixedPositions);
    }

    /// <summary>A transformer of tokens.</summary>
    /// <param name="name">Its size.</param>
    /// <param name="vocabulary">Tokens that it knows.</param>
    /// <param name="length">L, most tokens of a text.</param>
    /// <param name="causal">A token sees those before it alone, and the text's end speaks for it (CLIP); otherwise all see all, and the start does (BERT).</param>
    /// <param name="field">Where the recipe names it, for messages.</param>
    /// <param name="dropout">Rate behind the embedding and each block.</param>
    /// <param name="mean">The feature is the mean over all tokens that are no padding.</param>
    /// <exception cref="UserErrorException">The name is unknown.</exception>
    public static TextTransformer Text(string name, int vocabulary, int length, bool causal, string field, double dropout = 0, bool mean = false)
        => s_texts.TryGetValue(name, out var size)
            ? new TextTransformer(name, vocabulary, length, size.Width, size.Depth, size.Heads, causal, dropout, mean)
            : throw new UserErrorException($"{field} is \"{name}\"; use one of {string.Join(", ", s_texts.Keys)}.");

    /// <summary>D of the backbone that <see cref="Create(BackboneRecipe)"/> would build.</summary>
    /// <exception cref="UserErrorException">The name is unknown.</exception>
    public static int FeatureDimension(BackboneRecipe recipe) 
        => s_transformers.TryGetValue(recipe.Name, out var size) ? size.Width
            : s_convNexts.TryGetValue(recipe.Name, out var stages) ? stages.Widths[^1]
            : s_texts.TryGetValue(recipe.Name, out var text) ? text.Width
            : s_tables.TryGetValue(recipe.Name, out var table) ? table.Width
            : s_saints.TryGetValue(recipe.Name, out var saint) ? saint.Width
            : s_bags.TryGetValue(recipe.Name, out var bag) ? bag
            : Find(recipe).FeatureDimension;

    /// <summary>
    /// L of layer-wise decay: blocks of a transformer and what stands before them, stages of a ResNet or ConvNeXt and their stem, layers of conv4 and of an MLP.
    /// </summary>
    /// <exception cref="UserErrorException">The name is unknown.</exception>
    public static int Layers(BackboneRecipe recipe)
        => s_transformers.TryGetValue(recipe.Name, out var size) || s_texts.TryGetValue(recipe.Name, out size) ? size.Depth + 1
            : s_convNexts.TryGetValue(recipe.Name, out var stages) ? stages.Widths.Length + 1
            : s_tables.TryGetValue(recipe.Name, out var table) ? table.Depth
            : s_saints.TryGetValue(recipe.Name, out var saint) ? saint.Depth + 1
            : s_bags.ContainsKey(recipe.Name) ? 1
            : Find(recipe).Layers;

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

    private sealed record Entry(int FeatureDimension, int Layers, Func<BackboneRecipe, Backbone> Create);
}
