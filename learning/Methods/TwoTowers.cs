using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>What methods of images and captions share: a tower for each, and a learnt scale of their similarities.</summary>
public static class TwoTowers
{
    /// <summary>
    /// An image tower (backbone and projector), a text tower into the projector's space, and the scale's logarithm, which begins at −ln τ.
    /// </summary>
    /// <param name="recipe">Backbone, projector, text.</param>
    /// <param name="causal">The texts' transformer is CLIP's, otherwise BERT's.</param>
    /// <param name="temperature">τ at the start.</param>
    /// <param name="frozen">The image backbone is not trained.</param>
    /// <param name="predictor">Also a head of this recipe's <c>predictor</c> on the image's features.</param>
    public static Networks Build(Recipe recipe, bool causal, double temperature, bool frozen = false, bool predictor = false)
    {
        var backbone = BackboneCatalog.Create(recipe.Backbone);
        if (frozen)
        {
            foreach (var parameter in backbone.parameters())
                parameter.requires_grad = false;
        }

        var head = predictor ? MlpHead.Create(recipe.Predictor, backbone.FeatureDimension, "predictor") : null;
        return new Networks(new Branch(
            backbone,
            MlpHead.Create(recipe.Projector, backbone.FeatureDimension),
            head,
            decoder: new LearntConstant(-PortableMath.Log(temperature)),
            text: new TextTower(recipe, BuildNetworks.ProjectionWidth(recipe), causal)));
    }

    /// <summary>Both projections and the scale's logarithm.</summary>
    /// <param name="networks">Of <see cref="Build"/>.</param>
    /// <param name="image">Pixels <c>[b, 3, H, W]</c>.</param>
    /// <param name="tokens">Tokens <c>[b, L]</c>.</param>
    public static Embeddings Encode(Networks networks, Tensor image, Tensor tokens) => new()
    {
        { "image", networks.Student.call(image) },
        { "text", networks.Student.Text.call(tokens) },
        { "scale", Scale(networks) },
    };

    /// <summary>The scale's logarithm <c>[1]</c>.</summary>
    public static Tensor Scale(Networks networks) => ((LearntConstant)networks.Student.Decoder).Value.alias();
}
