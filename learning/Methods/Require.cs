using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Numerics;

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

    /// <summary>A loss that needs at least one negative.</summary>
    public static void BatchOfTwo(Recipe recipe)
    {
        if (recipe.Batch.Effective < 2)
            throw Error(recipe, "batch.effective", $"is {recipe.Batch.Effective}", $"{recipe.Method} needs at least 2 images in a batch");
    }

    /// <summary>A first view with a mask that leaves something to see and something to predict, and a backbone of patches.</summary>
    public static void Masked(Recipe recipe, int view = 0)
    {
        Views(recipe, view + 1);
        using (BackboneCatalog.Transformer(recipe.Backbone))
        {
        }

        var mask = recipe.Views.SelectMany(v => Enumerable.Repeat(v, v.Count)).ElementAt(view).Mask;
        if (mask.Kind == "none")
            throw Error(recipe, $"views.{view}.mask.kind", "is \"none\"", $"{recipe.Method} hides patches; use random, block or uniform");
        var patches = PortableMath.Power(recipe.Backbone.ImageSize / recipe.Backbone.PatchSize, 2);
        if (Math.Round(mask.Ratio * patches) is var hidden && (hidden < 1 || hidden > patches - 1))
            throw Error(recipe, $"views.{view}.mask.ratio", $"is {mask.Ratio}", $"give a share that hides at least 1 and at most {patches - 1} of the {patches} patches");
    }

    /// <summary>A decoder whose heads and positions fit its width.</summary>
    public static void Decoder(Recipe recipe, int width, int depth, int heads)
    {
        Positive(recipe, "loss.decoderDepth", depth);
        if (heads < 1 || width % heads != 0 || width % 4 != 0)
            throw Error(recipe, "loss.decoderWidth", $"is {width}", $"make it a multiple of 4 and of loss.decoderHeads ({heads})");
    }

    /// <summary>A predictor that puts out as many values as the projector.</summary>
    public static void PredictorFits(Recipe recipe)
    {
        var projection = BuildNetworks.ProjectionWidth(recipe);
        var prediction = MlpHead.OutputWidth(recipe.Predictor, projection, "predictor");
        if (prediction != projection)
            throw Error(recipe, "predictor.shape", $"ends in {prediction}", $"{recipe.Method} compares it with projections; let it end in {projection}");
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
