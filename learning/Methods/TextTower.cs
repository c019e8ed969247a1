using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>The tower of texts beside one of images: a transformer of tokens and a linear projection into the space of both.</summary>
public sealed class TextTower : Module<Tensor, Tensor>
{
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly TextTransformer encoder;
    private readonly Linear projection;
#pragma warning restore IDE0044

    /// <param name="recipe">Which transformer; the last group of views says how long a text is.</param>
    /// <param name="width">D of the common space.</param>
    /// <param name="causal">As CLIP's, otherwise as BERT's.</param>
    public TextTower(Recipe recipe, int width, bool causal)
        : base(nameof(TextTower))
    {
        encoder = BackboneCatalog.Text(recipe.Text.Encoder, recipe.Text.Tokens, recipe.Views[^1].Text.Length, causal, "text.encoder");
        projection = Linear(encoder.FeatureDimension, width, hasBias: false);
        RegisterComponents();
    }

    /// <summary>Tokens <c>[N, L]</c> to projections <c>[N, D]</c>.</summary>
    public override Tensor forward(Tensor tokens) => projection.call(encoder.call(tokens));
}
