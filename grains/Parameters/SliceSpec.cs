using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Parameters;

/// <summary>What a slice is of, before it has values.</summary>
/// <param name="Text">The recipe, as JSON.</param>
/// <param name="Recipe">The same.</param>
/// <param name="Slice">Its tensors.</param>
internal sealed record SliceSpec(string Text, Recipe Recipe, LayoutSlice Slice)
{
    /// <summary>An EMA teacher follows some of its tensors.</summary>
    public bool HasTeacher => Slice.Entries.Any(e => e.Followed);

    public static SliceSpec Of(int slice, string recipe, TensorEntry[] tensors) => new(recipe, RecipeReader.Parse(recipe), LayoutSlice.Of(slice, tensors));
}
