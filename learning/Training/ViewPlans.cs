using System.Collections.Immutable;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Data;

namespace SslOrleans.Learning.Training;

/// <summary>A recipe's views as the renderer knows them.</summary>
public static class ViewPlans
{
    /// <summary>All views at their full size.</summary>
    public static ViewPlan Of(Recipe recipe) => Of(recipe, v => v.Crop.Size);

    /// <summary>The views at a step of a run: smaller ones while a ramp lasts.</summary>
    public static ViewPlan Of(Recipe recipe, long step, long totalSteps) => Of(recipe, v => SizeAt(v.Crop, step, totalSteps));

    /// <summary>True when a view's size changes with training.</summary>
    public static bool HasRamp(Recipe recipe) => recipe.Views.Any(v => v.Crop.Ramp.From > 0);

    /// <summary>Masks of the views in plan order, null where nothing is hidden.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="plan">Its views at some step.</param>
    public static ImmutableArray<MaskSettings?> MasksOf(Recipe recipe, ViewPlan plan)
        => [.. Enumerable.Range(0, plan.Count).Select(v => Mask(recipe.Views[plan.GroupOf(v)].Mask, plan[v].Crop.Size / recipe.Backbone.PatchSize))];

    /// <summary>A recipe's mask over grid × grid patches; null for <c>none</c>.</summary>
    public static MaskSettings? Mask(MaskRecipe mask, int grid)
    {
        MaskKind? kind = mask.Kind switch
        {
            "none" => null,
            "cells" => MaskKind.Cells,
            "block" => MaskKind.TargetBlocks,
            "blockwise" => MaskKind.Blocks,
            "uniform" => MaskKind.Uniform,
            "center" => MaskKind.Center,
            _ => MaskKind.Random,
        };
        return kind is { } k
            ? new MaskSettings
            {
                Kind = k,
                Grid = grid,
                RatioMin = (float)mask.Ratio,
                RatioMax = (float)Math.Max(mask.Ratio, mask.RatioMax),
                Probability = (float)mask.Probability,
                CellSize = mask.CellSize,
            }
            : null;
    }

    public static NormalizeSettings Normalization(Recipe recipe)
        => new([.. recipe.Normalize.Mean.Select(m => (float)m)], [.. recipe.Normalize.StandardDeviation.Select(s => (float)s)]);

    private static ViewPlan Of(Recipe recipe, Func<ViewRecipe, int> size)
        => new([.. recipe.Views.Select((v, i) => new ViewGroup($"views.{i}", v.Count, Settings(v, size(v), Normalization(recipe))))]);

    private static int SizeAt(CropRecipe crop, long step, long totalSteps) => crop.Ramp.From == 0
        ? crop.Size
        : new ResolutionRamp(crop.Ramp.From, crop.Size, (long)(crop.Ramp.Start * totalSteps), (long)(crop.Ramp.End * totalSteps), crop.Ramp.Multiple).SizeAt(step);

    private static ViewSettings Settings(ViewRecipe v, int size, NormalizeSettings normalize) => new()
    {
        Crop = new CropSettings
        {
            Size = size,
            Kind = v.Crop.Kind switch
            {
                "padded" => CropKind.Padded,
                "center" => CropKind.Center,
                _ => CropKind.RandomResized,
            },
            ScaleMin = (float)v.Crop.Scale[0],
            ScaleMax = (float)v.Crop.Scale[1],
            RatioMin = (float)v.Crop.Ratio[0],
            RatioMax = (float)v.Crop.Ratio[1],
            Interpolation = v.Crop.Interpolation == "bicubic" ? Interpolation.Bicubic : Interpolation.Bilinear,
            Antialias = v.Crop.Antialias,
            Padding = v.Crop.Padding,
            ResizeShorter = v.Crop.ResizeShorter,
        },
        FlipProbability = (float)v.Flip,
        Rotation = v.Rotation.Probability > 0
            ? new RotationSettings((float)v.Rotation.Probability, (float)v.Rotation.Degrees, v.Rotation.QuarterTurns, v.Rotation.Interpolation == "bilinear")
            : null,
        Jitter = v.Jitter.Probability > 0
            ? new JitterSettings((float)v.Jitter.Probability, (float)v.Jitter.Brightness, (float)v.Jitter.Contrast, (float)v.Jitter.Saturation, (float)v.Jitter.Hue)
            : null,
        GrayscaleProbability = (float)v.Grayscale,
        Blur = v.Blur.Probability > 0 ? new BlurSettings((float)v.Blur.Probability, (float)v.Blur.Sigma[0], (float)v.Blur.Sigma[1], v.Blur.Kernel) : null,
        Solarize = v.Solarize.Probability > 0 ? new SolarizeSettings((float)v.Solarize.Probability, v.Solarize.Threshold) : null,
        Normalize = normalize,
        Order = v.Order.Count > 0 ? [.. v.Order.Select(Operation)] : ViewSettings.DefaultOrder,
    };

    private static ViewOperation Operation(string name) => name switch
    {
        "flip" => ViewOperation.Flip,
        "rotation" => ViewOperation.Rotation,
        "jitter" => ViewOperation.Jitter,
        "grayscale" => ViewOperation.Grayscale,
        "blur" => ViewOperation.Blur,
        "solarize" => ViewOperation.Solarize,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "The recipe's checks let no other name through."),
    };
}
