using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;

namespace SslOrleans.Learning.Methods;

/// <summary>What a method refuses when the recipe is read; every message names the field, the value and the mend.</summary>
internal static class Require
{
    /// <summary>Samples of a kind that the method learns from.</summary>
    public static void Modality(Recipe recipe, MethodAttribute method)
    {
        if (!method.Modalities.Contains(recipe.Data.Modality))
            throw Error(recipe, "data.modality", $"is \"{ViewKinds.Name(recipe.Data.Modality)}\"", $"{recipe.Method} learns from {string.Join(" or ", method.Modalities.Select(ViewKinds.Name))}");
    }

    /// <summary>Views of these kinds, in this order.</summary>
    public static void Kinds(Recipe recipe, params ViewKind[] kinds)
    {
        var views = recipe.Views.SelectMany(v => Enumerable.Repeat(v.Kind, v.Count)).ToList();
        for (var view = 0; view < kinds.Length; view++)
        {
            if (views[view] != kinds[view])
                throw Error(recipe, "views", $"has view {view} of kind \"{ViewKinds.Name(views[view])}\"", $"{recipe.Method}'s views are {string.Join(", ", kinds.Select(ViewKinds.Name))}");
        }
    }

    /// <summary>As many views per image as the method uses: one that it does not would be rendered and thrown away.</summary>
    public static void Views(Recipe recipe, MethodAttribute method)
    {
        var views = recipe.Views.Sum(v => v.Count);
        if (views < method.Views)
            throw Error(recipe, "views", $"describes {views} per image", $"{recipe.Method} needs {method.Views}; raise views.0.count");
        if (views > method.Views && !method.MoreViews)
            throw Error(recipe, "views", $"describes {views} per image", $"{recipe.Method} uses {method.Views}; lower views.*.count by {views - method.Views}");
        for (var view = method.Masked; view < views && !method.MayMask; view++)
            NotMasked(recipe, view, method.Masked > 0 ? $"{recipe.Method} uses masks of the first {method.Masked} views only" : $"{recipe.Method} does not use it");
    }

    /// <summary>A teacher's file where one is used, and none where it is not.</summary>
    public static void FrozenTeacher(Recipe recipe, FrozenTeacher uses)
    {
        NamedTeacher(recipe);
        if (uses == Methods.FrozenTeacher.Required && recipe.Teacher.Weights.Length == 0)
            throw Error(recipe, "teacher.weights", "is empty", $"{recipe.Method} learns from a teacher that learnt before; give its safetensors file, as runs/NAME/checkpoints/STEP/params.safetensors");
        if (uses == Methods.FrozenTeacher.None && (recipe.Teacher.Weights.Length > 0 || recipe.Teacher.Backbone.Name.Length > 0))
            throw Error(recipe, recipe.Teacher.Weights.Length > 0 ? "teacher.weights" : "teacher.backbone.name", $"is {(recipe.Teacher.Weights.Length > 0 ? recipe.Teacher.Weights : recipe.Teacher.Backbone.Name)}", $"{recipe.Method} has no such teacher; leave it out, or begin from the file with initial");
    }

    private static void NamedTeacher(Recipe recipe)
    {
        if (recipe.Teacher.Backbone.Name.Length == 0 && recipe.Teacher.Backbone != new BackboneRecipe { Name = "" })
            throw Error(recipe, "teacher.backbone.name", "is empty", "name the teacher's backbone, or leave teacher.backbone out where it is the student's");
    }

    /// <summary>A teacher that does not change whose patches are where the student's are.</summary>
    public static void SamePatches(Recipe recipe)
    {
        var (own, teacher) = (recipe.Backbone, TeacherRecipe.BackboneOf(recipe));
        using (BackboneCatalog.Transformer(own))
        using (BackboneCatalog.Transformer(teacher))
        {
        }

        if (teacher.PatchSize != own.PatchSize || teacher.ImageSize != own.ImageSize)
            throw Error(recipe, "teacher.backbone.patchSize", $"is {teacher.PatchSize} at {teacher.ImageSize} pixels", $"{recipe.Method} compares patch by patch; use backbone's {own.PatchSize} at {own.ImageSize}");
    }

    /// <summary>Above 0.</summary>
    public static void Positive(Recipe recipe, string field, double value)
    {
        if (!(value > 0))
            throw Error(recipe, field, $"is {value}", "give a number above 0");
    }

    /// <summary>[least, greatest] share of an area, above 0 and at most <paramref name="largest"/>.</summary>
    public static void Range(Recipe recipe, string field, IReadOnlyList<double> value, double largest)
    {
        if (value is not [> 0, _] || value[0] > value[1] || value[1] > largest)
            throw Error(recipe, field, $"is [{string.Join(", ", value)}]", $"give [least, greatest] above 0 and at most {largest}");
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

    /// <summary>A view with a mask that leaves something to see and something to predict, and a backbone of patches.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="view">Which view.</param>
    /// <param name="varying">Images may hide different numbers of patches, or none.</param>
    public static void Masked(Recipe recipe, int view = 0, bool varying = false)
    {
        using (BackboneCatalog.Transformer(recipe.Backbone))
        {
        }

        if (!varying)
            SameMask(recipe, view);
        HidesPlaces(recipe, recipe.Backbone.ImageSize / recipe.Backbone.PatchSize, view);
    }

    /// <summary>A mask that leaves something to see and something to predict of grid × grid places.</summary>
    public static void HidesPlaces(Recipe recipe, int grid, int view = 0)
    {
        var mask = MaskOf(recipe, view);
        if (mask.Kind == "none")
            throw Error(recipe, $"views.{view}.mask.kind", "is \"none\"", $"{recipe.Method} hides patches; use random, block or uniform");
        var patches = grid * grid;
        var (field, ratio) = mask.RatioMax > mask.Ratio ? ("ratioMax", mask.RatioMax) : ("ratio", mask.Ratio);
        if (Math.Round(ratio * patches) is var hidden && (hidden < 1 || hidden > patches - 1))
            throw Error(recipe, $"views.{view}.mask.{field}", $"is {ratio}", $"give a share that hides at least 1 and at most {patches - 1} of the {patches} patches");
    }

    /// <summary>A view whose images all hide the same number of patches, so that what is visible of them can be stacked.</summary>
    public static void SameMask(Recipe recipe, int view)
    {
        var mask = MaskOf(recipe, view);
        if (mask.RatioMax > mask.Ratio)
            throw Error(recipe, $"views.{view}.mask.ratioMax", $"is {mask.RatioMax}", $"{recipe.Method} hides the same number of patches in every image; leave it out");
        if (mask.Probability < 1)
            throw Error(recipe, $"views.{view}.mask.probability", $"is {mask.Probability}", $"{recipe.Method} hides the same number of patches in every image; leave it out");
    }

    /// <summary>A view that the recipe does not rotate, since the method does.</summary>
    public static void Upright(Recipe recipe, int view = 0)
    {
        if (ViewOf(recipe, view).Rotation.Probability is > 0 and var probability)
            throw Error(recipe, $"views.{view}.rotation.probability", $"is {probability}", $"{recipe.Method} tells rotations; set it to 0");
    }

    /// <summary>Views that can be halved.</summary>
    public static void EvenViews(Recipe recipe)
    {
        foreach (var crop in recipe.Views.Select(v => v.Crop).Where(c => c.Size % 2 != 0 || c.Ramp.From % 2 != 0 || (c.Ramp.From > 0 && c.Ramp.Multiple % 2 != 0)))
            throw Error(recipe, "views.0.crop.size", $"is {crop.Size}", "make it, and a ramp's sizes, even");
    }

    /// <summary>A view of which every patch is seen.</summary>
    public static void NotMasked(Recipe recipe, int view, string why)
    {
        var own = ViewOf(recipe, view);
        if (own.Kind is ViewKind.Spectrogram or ViewKind.Clip)
        {
            var (hides, at) = own.Kind == ViewKind.Clip ? (ViewKinds.Name(own.Clip.Mask.Kind), "clip") : (ViewKinds.Name(own.Spectrogram.Mask.Kind), "spectrogram");
            if (hides != "none")
                throw Error(recipe, $"views.{view}.{at}.mask.kind", $"is \"{hides}\"", $"{why}; leave the mask out");
        }

        if (own.Mask.Kind is var kind && kind != "none")
            throw Error(recipe, $"views.{view}.mask.kind", $"is \"{kind}\"", $"{why}; leave the mask out");
    }

    /// <summary>As many blocks as a teacher has, at most.</summary>
    public static void Layers(Recipe recipe, int count)
    {
        using var vit = BackboneCatalog.Transformer(recipe.Backbone);
        if (count < 0 || count > vit.Depth)
            throw Error(recipe, "loss.layers", $"is {count}", $"give 1 to {vit.Depth}, the blocks of {recipe.Backbone.Name}, or 0");
    }

    /// <summary>Views of the size that the positions are made for, where a decoder has no others.</summary>
    public static void OneSize(Recipe recipe)
    {
        foreach (var view in recipe.Views.Where(v => v.Crop.Size != recipe.Backbone.ImageSize || v.Crop.Ramp.From > 0))
            throw Error(recipe, "views.0.crop.size", $"is {view.Crop.Size}", $"{recipe.Method}'s decoder has the places of backbone.imageSize ({recipe.Backbone.ImageSize}) alone");
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

    private static MaskRecipe MaskOf(Recipe recipe, int view) => ViewOf(recipe, view).Mask;

    private static ViewRecipe ViewOf(Recipe recipe, int view) => recipe.Views.SelectMany(v => Enumerable.Repeat(v, v.Count)).ElementAt(view);

    public static UserErrorException Error(Recipe recipe, string field, string problem, string mend)
        => new($"{recipe.Name}: {field} {problem}; {mend}.");
}
