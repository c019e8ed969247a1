using System.Globalization;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Optim;

/// <summary>
/// Layer-wise decay of the learning rate (K54; Clark et al. 2020, Bao et al. 2021): a tensor of layer l of L gets the factor
/// decay^(L − l). Layer 0 is what stands before the first block; heads and the backbone's last norm are layer L.
/// </summary>
public static class LayerDecay
{
    /// <param name="name">Key of the tensor: <c>backbone.blocks.2.attn.qkv.weight</c>.</param>
    /// <param name="backbone">Says how many layers there are.</param>
    /// <param name="decay">Below 1 slows the first layers.</param>
    public static double Factor(string name, BackboneRecipe backbone, double decay)
    {
        if (decay == 1)
            return 1;
        var layers = BackboneCatalog.Layers(backbone);
        return PortableMath.Power(decay, layers - Math.Min(Layer(name, layers), layers));
    }

    private static int Layer(string name, int last)
    {
        var parts = name.Split('.');
        if (parts[0] != "backbone" || parts.Length < 2)
            return last;
        return parts[1] switch
        {
            "norm" => last,
            "blocks" or "stages" => Number(parts[2]) + 1,

            // Of an MLP, whose layers and activations are numbered together.
            "layers" => Number(parts[2]) / 2,
            var stage when stage.StartsWith("layer", StringComparison.Ordinal) => Number(stage[5..]),
            var conv when conv.StartsWith("conv", StringComparison.Ordinal) => Number(conv[4..]) - 1,
            var norm when norm.StartsWith("bn", StringComparison.Ordinal) => Number(norm[2..]) - 1,
            _ => 0,
        };
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
