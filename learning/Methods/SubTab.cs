using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// SubTab: from each group of columns alone the whole row comes back, and the groups of one row find each other. The first view is the row, the others are groups
/// of its columns (<c>views.*.row.groups</c>). Embeddings <c>z2</c>, <c>z3</c> … <c>[N, D]</c> of the groups, <c>prediction2</c>, <c>prediction3</c> … <c>[N, R]</c>; without gradient
/// <c>cells</c>, <c>known</c> <c>[N, C]</c>.
/// </summary>
[Method("subtab", Views = 3, MoreViews = true, Modalities = [Modality.Table], Family = "table", Inventory = "M156",
    Paper = "Ucar et al., SubTab: Subsetting Features of Tabular Data for Self-Supervised Representation Learning, 2021")]
public sealed class SubTab : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;
    private readonly IReadOnlyList<ColumnRecipe> _columns;
    private readonly int _views;

    public SubTab(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        _columns = TableBackbone.OrNominal(recipe.Table.Used);
        _views = recipe.Views.Sum(v => v.Count);
        Require.BatchOfTwo(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.NotNegative(recipe, "loss.contrast", _options.Contrast);
        Require.NotNegative(recipe, "loss.distance", _options.Distance);
    }

    public sealed record Options
    {
        /// <summary>τ of the contrast.</summary>
        public double Temperature { get; init; } = 0.1;

        /// <summary>Weight of the contrast beside the reconstruction.</summary>
        public double Contrast { get; init; } = 1;

        /// <summary>Weight of the squared distance of two groups' projections.</summary>
        public double Distance { get; init; } = 1;
    }

    public bool Coupled => true;

    public Networks Build()
    {
        var backbone = BackboneCatalog.Create(_recipe);
        return new Networks(new Branch(
            backbone, MlpHead.Create(_recipe.Projector, backbone.FeatureDimension), decoder: new RowDecoder(_columns, backbone.FeatureDimension, masks: false)));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var features = networks.Student.Backbone.call(cat([.. Enumerable.Range(1, _views - 1).Select(v => views[v])]));
        var z = networks.Student.Project(features).chunk(_views - 1);
        var prediction = ((RowDecoder)networks.Student.Decoder).call(features).chunk(_views - 1);
        var found = new Embeddings();
        for (var v = 0; v < z.Length; v++)
        {
            found.Add($"z{v + 2}", z[v]);
            found.Add($"prediction{v + 2}", prediction[v]);
        }

        found.Add("cells", views[0].nan_to_num(0));
        found.Add("known", views[0].isnan().logical_not().to(ScalarType.Float32));
        return found;
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var numbers = Enumerable.Range(2, _views - 1).ToList();
        var cells = numbers.Select(v => RowLoss.Cells(embeddings[$"prediction{v}"], embeddings["cells"], embeddings["known"], _columns)).Aggregate((a, b) => a + b) / numbers.Count;
        var pairs = numbers.SelectMany(a => numbers.Where(b => b > a).Select(b => (First: embeddings[$"z{a}"], Second: embeddings[$"z{b}"]))).ToList();
        var contrast = pairs.Select(p => NtXent.Loss(p.First, p.Second, _options.Temperature)).Aggregate((a, b) => a + b) / pairs.Count;
        var distance = pairs.Select(p => (functional.normalize(p.First, dim: 1) - functional.normalize(p.Second, dim: 1)).square().mean()).Aggregate((a, b) => a + b) / pairs.Count;
        step.Report("cells", cells);
        step.Report("contrast", contrast);
        step.Report("distance", distance);
        return cells + (_options.Contrast * contrast) + (_options.Distance * distance);
    }
}
