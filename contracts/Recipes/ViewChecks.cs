namespace SslOrleans.Contracts.Recipes;

/// <summary>What can be refused in the views of a recipe.</summary>
internal static class ViewChecks
{
    /// <summary>Names of the operations in <see cref="ViewRecipe.Order"/>.</summary>
    private static readonly string[] s_operations = ["flip", "rotation", "jitter", "grayscale", "blur", "solarize"];

    /// <param name="r">The recipe.</param>
    /// <param name="must">Told condition, field, value and mend.</param>
    public static void Check(Recipe r, Action<bool, string, object, string> must)
    {
        for (var i = 0; i < r.Views.Count; i++)
            Check(r, r.Views[i], $"views.{i}", must);
        must(r.Normalize.Mean.Count == 3, "normalize.mean", Text(r.Normalize.Mean), "give three numbers: red, green, blue");
        must(
            r.Normalize.StandardDeviation.Count == 3 && r.Normalize.StandardDeviation.All(d => d > 0),
            "normalize.standardDeviation", Text(r.Normalize.StandardDeviation), "give three numbers above 0: red, green, blue");
    }

    private static void Check(Recipe r, ViewRecipe v, string where, Action<bool, string, object, string> must)
    {
        must(v.Count > 0, $"{where}.count", v.Count, "give at least 1");
        var kinds = ViewKinds.Of(r.Data.Modality);
        must(kinds.Contains(v.Kind), $"{where}.kind", ViewKinds.Name(v.Kind), $"data.modality {ViewKinds.Name(r.Data.Modality)} has views of kind {string.Join(" or ", kinds.Select(ViewKinds.Name))}");
        if (v.Kind is ViewKind.Image or ViewKind.Clip)
            CheckImage(r, v, where, must);
        if (v.Kind != ViewKind.Image)
            OtherViewChecks.Check(v, where, must);
    }

    private static void CheckImage(Recipe r, ViewRecipe v, string where, Action<bool, string, object, string> must)
    {
        CheckCrop(v.Crop, $"{where}.crop", must);
        (string Name, double Value)[] probabilities =
        [
            ("flip", v.Flip), ("jitter.probability", v.Jitter.Probability), ("grayscale", v.Grayscale), ("blur.probability", v.Blur.Probability),
            ("solarize.probability", v.Solarize.Probability), ("rotation.probability", v.Rotation.Probability),
        ];
        foreach (var (name, p) in probabilities)
            must(p is >= 0 and <= 1, $"{where}.{name}", p, "give a probability from 0 to 1");
        foreach (var (name, strength) in new[] { ("brightness", v.Jitter.Brightness), ("contrast", v.Jitter.Contrast), ("saturation", v.Jitter.Saturation) })
            must(strength >= 0, $"{where}.jitter.{name}", strength, "give 0 or more");
        must(v.Jitter.Hue is >= 0 and <= 0.5, $"{where}.jitter.hue", v.Jitter.Hue, "give a number from 0 to 0.5");
        must(v.Blur.Sigma is [> 0, _] && v.Blur.Sigma[0] <= v.Blur.Sigma[1], $"{where}.blur.sigma", Text(v.Blur.Sigma), "give [smallest, largest] above 0, in pixels");
        must(v.Blur.Kernel == 0 || (v.Blur.Kernel > 0 && v.Blur.Kernel % 2 == 1), $"{where}.blur.kernel", v.Blur.Kernel, "give an odd number of taps, or 0");
        must(v.Solarize.Threshold is >= 0 and <= 255, $"{where}.solarize.threshold", v.Solarize.Threshold, "give 0 to 255");
        must(v.Rotation.Degrees is >= 0 and <= 180, $"{where}.rotation.degrees", v.Rotation.Degrees, "give 0 to 180");
        must(
            v.Rotation.Probability == 0 || v.Rotation.QuarterTurns || v.Rotation.Degrees > 0,
            $"{where}.rotation.degrees", v.Rotation.Degrees, "give the largest angle, or set quarterTurns");
        OneOf($"{where}.rotation.interpolation", v.Rotation.Interpolation, must, "nearest", "bilinear");
        foreach (var operation in v.Order)
            OneOf($"{where}.order", operation, must, s_operations);
        must(v.Order.Distinct().Count() == v.Order.Count, $"{where}.order", string.Join(", ", v.Order), "name each operation once");
        CheckMask(r, v, where, must);
    }

    private static void CheckCrop(CropRecipe c, string where, Action<bool, string, object, string> must)
    {
        OneOf($"{where}.kind", c.Kind, must, "random-resized", "padded", "center");
        must(c.Size > 0, $"{where}.size", c.Size, "give a side in pixels above 0");
        must(c.Scale is [> 0, <= 1] && c.Scale[0] <= c.Scale[1], $"{where}.scale", Text(c.Scale), "give [smallest, largest] area within 0 to 1");
        must(c.Ratio is [> 0, > 0] && c.Ratio[0] <= c.Ratio[1], $"{where}.ratio", Text(c.Ratio), "give [smallest, largest] above 0");
        OneOf($"{where}.interpolation", c.Interpolation, must, "bilinear", "bicubic");
        must(c.Padding >= 0, $"{where}.padding", c.Padding, "give 0 or more pixels");
        must(c.ResizeShorter == 0 || c.ResizeShorter >= c.Size, $"{where}.resizeShorter", c.ResizeShorter, $"give at least the size ({c.Size}), or 0");
        must(c.Ramp.From >= 0, $"{where}.ramp.from", c.Ramp.From, "give a side in pixels, or 0 for no ramp");
        must(c.Ramp.Start >= 0 && c.Ramp.Start <= c.Ramp.End && c.Ramp.End <= 1, $"{where}.ramp.start", c.Ramp.Start, $"give a share of the steps from 0 to ramp.end ({c.Ramp.End})");
        must(c.Ramp.Multiple > 0, $"{where}.ramp.multiple", c.Ramp.Multiple, "give at least 1 pixel");
    }

    private static void CheckMask(Recipe r, ViewRecipe v, string where, Action<bool, string, object, string> must)
    {
        OneOf($"{where}.mask.kind", v.Mask.Kind, must, "none", "random", "cells", "block", "blockwise", "uniform", "center");
        if (v.Mask.Kind == "none")
            return;
        var patch = r.Backbone.PatchSize;
        must(v.Mask.Ratio is > 0 and < 1, $"{where}.mask.ratio", v.Mask.Ratio, "give a share of the patches between 0 and 1");
        must(v.Mask.RatioMax == 0 || (v.Mask.RatioMax > v.Mask.Ratio && v.Mask.RatioMax < 1), $"{where}.mask.ratioMax", v.Mask.RatioMax, $"give a share above mask.ratio ({v.Mask.Ratio}) and below 1, or 0");
        must(v.Mask.Probability is > 0 and <= 1, $"{where}.mask.probability", v.Mask.Probability, "give a probability above 0, at most 1");
        must(v.Mask.PatchSize == 0 || v.Mask.PatchSize == patch, $"{where}.mask.patchSize", v.Mask.PatchSize, $"leave it out, or give backbone.patchSize ({patch})");
        must(v.Crop.Size % patch == 0, $"{where}.crop.size", v.Crop.Size, $"make it a multiple of backbone.patchSize ({patch})");
        must(v.Crop.Ramp.From % patch == 0 && (v.Crop.Ramp.From == 0 || v.Crop.Ramp.Multiple % patch == 0), $"{where}.crop.ramp.multiple", v.Crop.Ramp.Multiple, $"make it, and ramp.from, a multiple of backbone.patchSize ({patch})");
        must(
            v.Mask.Kind is not ("cells" or "uniform") || (v.Mask.CellSize > 0 && v.Crop.Size / patch % v.Mask.CellSize == 0),
            $"{where}.mask.cellSize", v.Mask.CellSize, $"give a divisor of the {v.Crop.Size / patch} patches along a side");
    }

    private static void OneOf(string field, string value, Action<bool, string, object, string> must, params string[] allowed)
        => must(allowed.Contains(value), field, value, $"use one of {string.Join(", ", allowed)}");

    private static string Text(IReadOnlyList<double> values) => "[" + string.Join(", ", values) + "]";
}
