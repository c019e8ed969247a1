using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// PIRL: an image's row of a bank is found again from the image and from its nine tiles in a random order, among rows of other images. The first view is
/// encoded whole, the second one in tiles. Embeddings <c>z1</c> (image), <c>tiles2</c> <c>[N, D]</c>, and <c>draw</c> <c>[N, m]</c>, numbers in 0 … 1 that choose the
/// other rows; state <c>bank</c> <c>[samples, D]</c>.
/// </summary>
[Method("pirl", Backbone = "conv4", Family = "contrastive", Inventory = "M036",
    Paper = "Misra and van der Maaten, Self-Supervised Learning of Pretext-Invariant Representations, 2020")]
public sealed class Pirl : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Pirl(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.Positive(recipe, "loss.negatives", _options.Negatives);
        if (_options.TileWeight is not (>= 0 and <= 1))
            throw Require.Error(recipe, "loss.tileWeight", $"is {_options.TileWeight}", "give a share from 0 to 1");
        Tiles.MustFit(recipe, "loss.tile", _options.Tile);
        State = [new("bank", StateKind.Bank, [-1, BuildNetworks.ProjectionWidth(recipe)], StateInitial.UnitRows)];
    }

    public sealed record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 0.07;

        /// <summary>m, rows of other images per image (the paper: 32,000).</summary>
        public int Negatives { get; init; } = 4096;

        /// <summary>λ, share of the tiles' term; the rest is the image's.</summary>
        public double TileWeight { get; init; } = 0.5;

        /// <summary>Side of a tile in pixels, at most a third of the view's; 0: three quarters of that.</summary>
        public int Tile { get; init; }

        /// <summary>Share of the old row that the bank keeps.</summary>
        public double BankMomentum { get; init; } = 0.5;
    }

    public bool Coupled => false;

    public IReadOnlyList<StateSpec> State { get; }

    public IReadOnlyList<string> Carried => ["z1"];

    public Networks Build()
    {
        var backbone = BackboneCatalog.Create(_recipe.Backbone);
        return new Networks(new Branch(
            backbone, MlpHead.Create(_recipe.Projector, backbone.FeatureDimension),
            predictor: new TileHead(backbone.FeatureDimension, Tiles.Count, BuildNetworks.ProjectionWidth(_recipe))));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var image = networks.Student.call(views[0]);
        var orders = step.SampleIds.Select(id =>
        {
            var random = Draws.Of(step, id, 6);
            return Draws.Order(Tiles.Count, ref random);
        }).ToList();
        var cut = Enumerable.Range(0, Tiles.Count).Select(t => Tiles.Cut(views[1], Tiles.Side(_options.Tile, views[1]), row => orders[row][t], step, 10 + t));
        var features = networks.Student.Backbone.call(cat([.. cut])).chunk(Tiles.Count);
        return new Embeddings
        {
            { "z1", image },
            { "tiles2", networks.Student.Predict(stack([.. features], 1)) },
            { "draw", tensor(step.SampleIds.SelectMany(id => Uniform(step, id)).ToArray()).reshape(-1, _options.Negatives).to(step.Device) },
        };
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var bank = state["bank"];
        var own = bank.index_select(0, tensor(step.SampleIds.ToArray()).to(bank.device));
        var draw = embeddings["draw"];
        var rows = (draw.detach() * bank.shape[0]).floor().clamp_max(bank.shape[0] - 1).to(ScalarType.Int64);
        var others = bank.index_select(0, rows.flatten()).reshape(draw.shape[0], draw.shape[1], -1);
        var image = BankContrast.Loss(embeddings["z1"], own, others, _options.Temperature);
        var tiles = BankContrast.Loss(embeddings["tiles2"], own, others, _options.Temperature);
        step.Report("image", image);
        step.Report("tiles", tiles);
        return (_options.TileWeight * tiles) + ((1 - _options.TileWeight) * image);
    }

    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step)
    {
        var z = functional.normalize(carried["z1"], dim: 1);
        var old = state["bank"].index_select(0, tensor(step.SampleIds.ToArray()).to(z.device));
        return StateUpdate.Of("bank", functional.normalize((_options.BankMomentum * old) + ((1 - _options.BankMomentum) * z), dim: 1), [.. step.SampleIds]);
    }

    private float[] Uniform(StepContext step, long id)
    {
        var random = Draws.Of(step, id, 7);
        var values = new float[_options.Negatives];
        foreach (ref var value in values.AsSpan())
            value = random.NextSingle();
        return values;
    }
}
