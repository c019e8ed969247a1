using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// Masked language modelling: hidden tokens come back from those that are seen. The first view is the text, the second the same with hidden tokens.
/// Embeddings <c>scores</c> <c>[N, L, V]</c>; without gradient <c>tokens</c>, <c>chosen</c> <c>[N, L]</c>.
/// </summary>
[Method("mlm", Modalities = [Modality.Text], Family = "text", Inventory = "M145",
    Paper = "Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding, 2019")]
public sealed class Mlm : IMethod
{
    private readonly Recipe _recipe;

    public Mlm(Recipe recipe)
    {
        _recipe = recipe;
        MethodCatalog.Options<Options>(recipe);
        var masked = recipe.Views.SelectMany(v => Enumerable.Repeat(v.Text.Mask, v.Count)).ToList();
        if (masked is [not 0, ..] || masked is [_, 0])
            throw Require.Error(recipe, "views.*.text.mask", $"is {string.Join(", ", masked)}", "mlm's first view is whole (0) and its second hides tokens (0.15)");
    }

    public sealed record Options;

    public bool Coupled => false;

    public double LossOfChance => PortableMath.Log(_recipe.Text.Tokens);

    public Networks Build()
    {
        var backbone = BackboneCatalog.Create(_recipe);
        return new Networks(new Branch(backbone, decoder: new TokenDecoder(backbone.FeatureDimension, _recipe.Text.Tokens)));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var chosen = views.HasMask(1) ? views.Mask(1) : ones_like(views[1], ScalarType.Bool);
        var features = ((TextTransformer)networks.Student.Backbone).Transform(views[1]);
        return new Embeddings
        {
            { "scores", ((TokenDecoder)networks.Student.Decoder).call(features) },
            { "tokens", views[0].to(ScalarType.Float32) },
            { "chosen", chosen.to(ScalarType.Float32) },
        };
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => MaskedTokenLoss.Loss(embeddings["scores"], embeddings["tokens"], embeddings["chosen"]);
}
