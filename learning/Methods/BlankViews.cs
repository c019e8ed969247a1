using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Augment;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>Views of a recipe's shapes that show nothing: what networks take and give is found by running them on these.</summary>
public static class BlankViews
{
    /// <summary>Views of samples with ids 0 … rows − 1, all of class 0, with the masks that a first epoch has.</summary>
    public static Views Of(Recipe recipe, int rows)
    {
        var (tensors, masks) = (new List<Tensor>(), new List<Tensor?>());
        var drawn = recipe.Views.SelectMany(v => Enumerable.Repeat(v, v.Count)).ToList();
        for (var view = 0; view < drawn.Count; view++)
        {
            tensors.Add(Blank(recipe, drawn[view], rows));
            masks.Add(drawn[view].Kind == ViewKind.Image ? Mask(recipe, drawn[view], view, rows) : null);
        }

        return new Views(tensors, masks, new int[rows]);
    }

    private static Tensor Blank(Recipe recipe, ViewRecipe view, int rows) => view.Kind switch
    {
        ViewKind.Text => zeros([rows, view.Text.Length], ScalarType.Int64),
        ViewKind.Row => zeros(rows, Math.Max(1, recipe.Table.Used.Count)),
        ViewKind.Spectrogram => zeros(rows, 1, recipe.Sound.Bands, view.Spectrogram.Frames),
        ViewKind.Clip => zeros([rows, view.Clip.Frames, 3, view.Crop.Size, view.Crop.Size]),
        _ => zeros(rows, 3, view.Crop.Size, view.Crop.Size),
    };

    private static Tensor? Mask(Recipe recipe, ViewRecipe view, int number, int rows)
    {
        var grid = view.Crop.Size / recipe.Backbone.PatchSize;
        if (ViewPlans.Mask(view.Mask, grid) is not { } settings)
            return null;
        var hidden = new bool[rows * grid * grid];
        for (var row = 0; row < rows; row++)
        {
            var random = Masks.Stream(recipe.Seed, 0, row, number);
            Masks.Draw(settings, ref random, hidden.AsSpan(row * grid * grid, grid * grid));
        }

        return tensor(hidden, [rows, grid * grid]);
    }
}
