using System.Globalization;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Heads;

/// <summary>
/// Projectors and predictors as plain MLPs, <c>[N, D]</c> to <c>[N, last width]</c> (K40 to K46, K27, K51).
/// Each hidden layer is Linear, batch norm when asked for, activation; Linear has no bias in front of batch norm.
/// Keys are <c>0.weight</c>, <c>1.weight</c> … as in a PyTorch Sequential.
/// </summary>
public static class MlpHead
{
    /// <param name="recipe">Shape and norms.</param>
    /// <param name="inputs">D.</param>
    /// <param name="field">Where the recipe stands, for messages.</param>
    /// <returns>The head, or null when the shape is empty.</returns>
    /// <exception cref="UserErrorException">The shape or the activation is wrong.</exception>
    public static Module<Tensor, Tensor>? Create(HeadRecipe recipe, long inputs, string field = "projector")
    {
        var widths = Widths(recipe, field);
        if (widths.Count == 0)
            return null;
        var layers = new List<Module<Tensor, Tensor>>();
        foreach (var width in widths.SkipLast(1))
        {
            layers.Add(Linear(inputs, width, hasBias: !recipe.BatchNorm));
            if (recipe.BatchNorm)
                layers.Add(new BatchNorm(width));
            layers.Add(Activation(recipe, field));
            inputs = width;
        }

        layers.Add(Linear(inputs, widths[^1], hasBias: recipe.LastBias && !recipe.LastBatchNorm));
        if (recipe.LastBatchNorm)
            layers.Add(new BatchNorm(widths[^1], affine: false));
        return Sequential(layers);
    }

    /// <summary>The head that a method cannot do without.</summary>
    /// <exception cref="UserErrorException">The shape is empty or wrong.</exception>
    public static Module<Tensor, Tensor> Required(HeadRecipe recipe, long inputs, string field = "projector")
        => Create(recipe, inputs, field)
            ?? throw new UserErrorException($"{field}.shape is empty; this method needs one, as in \"512-128\".");

    /// <summary>Width of what the head puts out; <paramref name="inputs"/> when there is no head.</summary>
    public static int OutputWidth(HeadRecipe recipe, int inputs, string field = "projector")
        => Widths(recipe, field) is [.., var last] ? last : inputs;

    private static List<int> Widths(HeadRecipe recipe, string field)
    {
        var widths = new List<int>();
        foreach (var text in recipe.Shape.Split('-', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var width) || width == 0)
                throw new UserErrorException($"{field}.shape is \"{recipe.Shape}\"; give widths joined by \"-\", as in \"512-128\".");
            widths.Add(width);
        }

        return widths;
    }

    private static Module<Tensor, Tensor> Activation(HeadRecipe recipe, string field) => recipe.Activation switch
    {
        "relu" => ReLU(inplace: true),
        "gelu" => GELU(),
        _ => throw new UserErrorException($"{field}.activation is \"{recipe.Activation}\"; use one of relu, gelu."),
    };
}
