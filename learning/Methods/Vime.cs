using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// VIME, the self-supervised part: from a corrupted row the encoder tells which cells were replaced, and what they were. The first view is the row, the second the
/// corrupted one. Embeddings <c>mask</c> <c>[N, C]</c> scores, <c>prediction</c> <c>[N, R]</c>; without gradient <c>replaced</c>, <c>cells</c>, <c>known</c> <c>[N, C]</c>.
/// </summary>
[Method("vime", Modalities = [Modality.Table], Family = "table", Inventory = "M153",
    Paper = "Yoon et al., VIME: Extending the Success of Self- and Semi-supervised Learning to Tabular Domain, 2020")]
public sealed class Vime : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;
    private readonly IReadOnlyList<ColumnRecipe> _columns;

    public Vime(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        _columns = TableBackbone.OrNominal(recipe.Table.Used);
        Require.NotNegative(recipe, "loss.reconstruction", _options.Reconstruction);
    }

    public sealed record Options
    {
        /// <summary>α, weight of the cells beside the mask.</summary>
        public double Reconstruction { get; init; } = 2;
    }

    public bool Coupled => false;

    public Networks Build()
    {
        var backbone = BackboneCatalog.Create(_recipe);
        return new Networks(new Branch(backbone, decoder: new RowDecoder(_columns, backbone.FeatureDimension, masks: true)));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var features = networks.Student.Backbone.call(views[1]);
        var decoder = (RowDecoder)networks.Student.Decoder;
        var same = views[0].eq(views[1]).logical_or(views[0].isnan().logical_and(views[1].isnan()));
        return new Embeddings
        {
            { "mask", decoder.Mask(features) },
            { "prediction", decoder.call(features) },
            { "replaced", same.logical_not().to(ScalarType.Float32) },
            { "cells", views[0].nan_to_num(0) },
            { "known", views[0].isnan().logical_not().to(ScalarType.Float32) },
        };
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var mask = RowLoss.Mask(embeddings["mask"], embeddings["replaced"]);
        var cells = RowLoss.Cells(embeddings["prediction"], embeddings["cells"], embeddings["known"], _columns);
        step.Report("mask", mask);
        step.Report("cells", cells);
        return mask + (_options.Reconstruction * cells);
    }
}
