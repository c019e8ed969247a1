using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>Views whose hidden patches never enter the encoder.</summary>
public static class MaskedViews
{
    /// <summary>Features <c>[N, D]</c> of a view; where the recipe masks it, of its visible patches only (a ViT is needed).</summary>
    public static Tensor Features(Branch branch, Views views, int view, Recipe recipe, StepContext step)
    {
        var masked = views.HasMask(view) || recipe.Views.SelectMany(v => Enumerable.Repeat(v, v.Count)).ElementAt(view).Mask.Kind != "none";
        if (!masked)
            return branch.Backbone.call(views[view]);
        if (branch.Backbone is not Vit vit)
            throw Require.Error(recipe, $"views.{view}.mask.kind", "hides patches", $"{recipe.Backbone.Name} has none; take a ViT or \"none\"");
        var visible = PatchMask.Of(views, view, recipe, step).Visible(step.Device);
        return vit.Pool(vit.Transform(PatchMask.Pick(vit.AddPositions(vit.Embed(views[view])), visible)));
    }
}
