using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// SAINT's pre-training: a row and the same row, cells of another row cut into it (CutMix) and its tokens mixed with those of a third (mixup), find each other among the rows of
/// the effective batch, and the mixed one gives the cells back. The first view is the row, the second the one behind CutMix. Embeddings <c>z1</c>, <c>z2</c> <c>[N, D]</c>,
/// <c>prediction</c> <c>[N, R]</c>; without gradient <c>cells</c>, <c>known</c> <c>[N, C]</c>.
/// </summary>
[Method("saint", Modalities = [Modality.Table], Family = "table", Inventory = "M157",
    Paper = "Somepalli et al., SAINT: Improved Neural Networks for Tabular Data via Row Attention and Contrastive Pre-Training, 2021")]
public sealed class SaintMethod : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;
    private readonly IReadOnlyList<ColumnRecipe> _columns;

    public SaintMethod(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        _columns = TableBackbone.OrNominal(recipe.Table.Used);
        Require.BatchOfTwo(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.NotNegative(recipe, "loss.denoising", _options.Denoising);
        if (_options.Mixup is not (>= 0 and <= 1))
            throw Require.Error(recipe, "loss.mixup", $"is {_options.Mixup}", "give the row's own share, from 0 to 1");
        if (BackboneCatalog.Create(recipe) is not Saint)
            throw Require.Error(recipe, "backbone.name", $"is \"{recipe.Backbone.Name}\"", "saint mixes tokens of cells; use saint, saint-s or saint-nano");
    }

    public sealed record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 0.7;

        /// <summary>α, share of the row's own tokens.</summary>
        public double Mixup { get; init; } = 0.2;

        /// <summary>λ, weight of the cells beside the contrast.</summary>
        public double Denoising { get; init; } = 10;
    }

    public bool Coupled => true;

    public Networks Build()
    {
        var backbone = BackboneCatalog.Create(_recipe);
        return new Networks(new Branch(
            backbone,
            MlpHead.Create(_recipe.Projector, backbone.FeatureDimension),
            MlpHead.Create(_recipe.Predictor, backbone.FeatureDimension, "predictor"),
            decoder: new CellDecoder(_columns, backbone.FeatureDimension)));
    }

    /// <summary>The projector is the paper's g₁, of the row, the predictor its g₂, of the mixed one.</summary>
    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var saint = (Saint)networks.Student.Backbone;
        var cut = saint.Embed(views[1]);
        var mixed = saint.Transform((_options.Mixup * cut) + ((1 - _options.Mixup) * cut.index_select(0, Partners(step, (int)cut.shape[0]).to(step.Device))));
        var own = saint.Transform(saint.Embed(views[0]));
        return new Embeddings
        {
            { "z1", networks.Student.Project(own.select(1, 0)) },
            { "z2", networks.Student.Predict(mixed.select(1, 0)) },
            { "prediction", ((CellDecoder)networks.Student.Decoder).call(mixed.narrow(1, 1, _columns.Count)) },
            { "cells", views[0].nan_to_num(0) },
            { "known", views[0].isnan().logical_not().to(ScalarType.Float32) },
        };
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var contrast = ScarfLoss.Loss(embeddings["z1"], embeddings["z2"], _options.Temperature);
        var cells = RowLoss.Cells(embeddings["prediction"], embeddings["cells"], embeddings["known"], _columns);
        step.Report("contrast", contrast);
        step.Report("cells", cells);
        return contrast + (_options.Denoising * cells);
    }

    /// <summary>Which row of the micro-batch each is mixed with.</summary>
    private static Tensor Partners(StepContext step, int rows)
        => tensor(step.SampleIds.Take(rows).Select(id =>
        {
            var random = Draws.Of(step, id, 0);
            return (long)random.NextUInt32((uint)rows);
        }).ToArray());
}
