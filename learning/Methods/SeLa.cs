using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// SeLa: a classifier learns labels that it gave itself: between two epochs all images are labelled anew, every label as often as any other, at the least cost
/// under the bank of last embeddings; through the epoch a view predicts its image's label. One view. Until the first labelling the labels are drawn; with
/// <c>schedule.stillEpochs: 1</c> no weight learns those.
/// Embeddings <c>z1</c> <c>[N, D]</c> and <c>prototypes</c> <c>[K, D]</c>, the classifier, the same from every micro-batch; state <c>bank</c>
/// <c>[samples, D]</c>, <c>labels</c> <c>[samples, 1]</c>, <c>labelled</c> <c>[1]</c>, the epoch that was last labelled for.
/// </summary>
[Method("sela", Views = 1, Family = "clustering", Inventory = "M061",
    Paper = "Asano et al., Self-labelling via Simultaneous Clustering and Representation Learning, 2020")]
public sealed class SeLa : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public SeLa(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.Positive(recipe, "loss.prototypes", _options.Prototypes);
        Require.Positive(recipe, "loss.lambda", _options.Lambda);
        Require.Positive(recipe, "loss.iterations", _options.Iterations);
        State =
        [
            new("bank", StateKind.Bank, [-1, BuildNetworks.ProjectionWidth(recipe)], StateInitial.UnitRows),
            new("labels", StateKind.Bank, [-1, 1]),
            new("labelled", StateKind.Value, [1]),
        ];
    }

    public sealed record Options
    {
        /// <summary>τ of the classifier on cosines.</summary>
        public double Temperature { get; init; } = 0.1;

        /// <summary>K, labels.</summary>
        public int Prototypes { get; init; } = 3000;

        /// <summary>λ of the labelling.</summary>
        public double Lambda { get; init; } = 25;

        /// <summary>Rounds of Sinkhorn of the labelling.</summary>
        public int Iterations { get; init; } = 80;
    }

    public bool Coupled => false;

    public double LossOfChance => PortableMath.Log(_options.Prototypes);

    public IReadOnlyList<StateSpec> State { get; }

    public IReadOnlyList<(string Key, int Count)> Groups => [("loss.prototypes", _options.Prototypes)];

    public IReadOnlyList<string> Carried => ["z1", "prototypes"];

    public Networks Build()
    {
        var backbone = BackboneCatalog.Create(_recipe.Backbone);
        var projector = MlpHead.Create(_recipe.Projector, backbone.FeatureDimension);
        return new Networks(new Branch(backbone, projector, prototypes: new Prototypes(_options.Prototypes, BuildNetworks.ProjectionWidth(_recipe))));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step) => new()
    {
        { "z1", networks.Student.call(views[0]) },
        { "prototypes", ((Prototypes)networks.Student.Prototypes).Weight.alias() },
    };

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var z = embeddings["z1"];
        var ids = tensor(step.SampleIds.ToArray()).to(z.device);
        var labels = state["labelled"].cpu().item<float>() > 0
            ? state["labels"].index_select(0, ids).squeeze(1).to(ScalarType.Int64)
            : tensor(step.SampleIds.Select(id => (long)new RandomStream(step.Seed, Purpose.MethodState, 0, id, 4).NextUInt32((uint)_options.Prototypes)).ToArray()).to(z.device);
        return functional.cross_entropy(Prototypes.Cosines(z, embeddings["prototypes"]) / _options.Temperature, labels);
    }

    /// <summary>The batch's rows of the bank; and, behind the last step of an epoch, the labels of all images for the next.</summary>
    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step)
    {
        var bank = new EpochBank(state, functional.normalize(carried["z1"], dim: 1).Values<float>(), step);
        if (!bank.IsDue("labelled"))
            return new StateUpdate([bank.Rows]);
        var whole = tensor(bank.Whole(), [bank.Samples, bank.Width]).to(step.Device);
        var prototypes = carried["prototypes"].narrow(0, 0, _options.Prototypes);
        var labels = SelfLabels.Of(Prototypes.Cosines(whole, prototypes) / _options.Temperature, _options.Lambda, _options.Iterations);
        return new StateUpdate([bank.Rows, bank.OfAll("labels", Array.ConvertAll(labels.Values<long>(), l => (int)l)), new StateChange("labelled", [bank.Next])]);
    }
}
