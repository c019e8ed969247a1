using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// PCL: MoCo's loss, and from an epoch on the same query against prototypes of several clusterings of the bank of teacher's keys, made between two epochs.
/// Embeddings <c>q1</c>, <c>key2</c> <c>[N, D]</c>; state <c>queue2</c> <c>[L, D]</c>, <c>bank</c> <c>[samples, D]</c>, <c>clustered</c> <c>[1]</c>, and
/// for each clustering m <c>centroids</c>m <c>[K, D]</c>, <c>concentrations</c>m <c>[K]</c>, <c>assignments</c>m <c>[samples, 1]</c>.
/// </summary>
[Method("pcl", Family = "contrastive", Inventory = "M018",
    Paper = "Li et al., Prototypical Contrastive Learning of Unsupervised Representations, 2021")]
public sealed class Pcl : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Pcl(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.Positive(recipe, "loss.iterations", _options.Iterations);
        Require.Positive(recipe, "loss.fromEpoch", _options.FromEpoch);
        Require.NotNegative(recipe, "loss.alpha", _options.Alpha);
        Require.Queue(recipe, "loss.queue", _options.Queue);
        if (_options.Granularities is [] || _options.Granularities.Any(k => k < 2))
            throw Require.Error(recipe, "loss.granularities", $"is [{string.Join(", ", _options.Granularities)}]", "give the number of clusters of each clustering, 2 or more");
        var width = BuildNetworks.ProjectionWidth(recipe);
        State =
        [
            new("queue2", StateKind.Queue, [_options.Queue, width], StateInitial.UnitRows),
            new("bank", StateKind.Bank, [-1, width], StateInitial.UnitRows),
            new("clustered", StateKind.Value, [1]),
            .. _options.Granularities.SelectMany((k, m) => new StateSpec[]
            {
                new($"centroids{m}", StateKind.Value, [k, width]),
                new($"concentrations{m}", StateKind.Value, [k]),
                new($"assignments{m}", StateKind.Bank, [-1, 1]),
            }),
        ];
    }

    public sealed record Options
    {
        /// <summary>τ, and the mean of the concentrations φ.</summary>
        public double Temperature { get; init; } = 0.2;

        /// <summary>L, keys in the queue; a multiple of the effective batch.</summary>
        public int Queue { get; init; } = 16384;

        /// <summary>Clusters of each clustering.</summary>
        public IReadOnlyList<int> Granularities { get; init; } = [25000, 50000, 100000];

        /// <summary>First epoch with prototypes, 1 or later; before it the loss is MoCo's.</summary>
        public int FromEpoch { get; init; } = 20;

        /// <summary>α of the concentrations.</summary>
        public double Alpha { get; init; } = 10;

        /// <summary>Rounds of k-means.</summary>
        public int Iterations { get; init; } = 10;
    }

    public bool Coupled => false;

    public IReadOnlyList<StateSpec> State { get; }

    public IReadOnlyList<(string Key, int Count)> Groups => [.. _options.Granularities.Select((k, m) => ($"loss.granularities[{m}]", k))];

    public IReadOnlyList<string> Carried => ["key2"];

    public Networks Build() => BuildNetworks.StudentAndTeacher(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.QueryAndKey(networks, views);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var instances = InfoNceQueue.Loss(embeddings["q1"], embeddings["key2"], state["queue2"], _options.Temperature);
        step.Report("instances", instances);
        if (state["clustered"].cpu().item<float>() == 0)
            return instances;
        var ids = tensor(step.SampleIds.ToArray()).to(instances.device);
        var terms = Enumerable.Range(0, _options.Granularities.Count).Select(m => ProtoNce.Loss(
            embeddings["q1"], state[$"centroids{m}"], state[$"concentrations{m}"], state[$"assignments{m}"].index_select(0, ids).squeeze(1).to(ScalarType.Int64)));
        var prototypes = stack([.. terms]).mean();
        step.Report("prototypes", prototypes);
        return instances + prototypes;
    }

    /// <summary>The batch's keys into queue and bank; and, behind the last step of an epoch, the clusterings of all rows for the next.</summary>
    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step)
    {
        var keys = StateUpdate.Change("queue2", carried["key2"]);
        var bank = new EpochBank(state, keys.Values, step);
        if (bank.Next < _options.FromEpoch || !bank.IsDue("clustered"))
            return new StateUpdate([keys, bank.Rows]);
        var whole = bank.Whole();
        return new StateUpdate([keys, bank.Rows, new StateChange("clustered", [bank.Next]), .. _options.Granularities.SelectMany((k, m) =>
        {
            var random = new RandomStream(step.Seed, Purpose.MethodState, bank.Next, m, 5);
            var (centroids, assignments) = SphericalKMeans.Run(whole, bank.Width, k, _options.Iterations, random);
            return new StateChange[]
            {
                new($"centroids{m}", centroids),
                new($"concentrations{m}", ProtoNce.Concentrations(whole, centroids, bank.Width, assignments, _options.Alpha, _options.Temperature)),
                bank.OfAll($"assignments{m}", assignments),
            };
        })]);
    }
}
