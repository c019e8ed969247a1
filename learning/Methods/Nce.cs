using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// Noise-contrastive estimation (cookbook Fig. 1) of NPID's non-parametric softmax: tell an image's own bank row from rows that
/// were drawn as noise. The constant c is learnt with the network, as in the figure. One view. Embeddings <c>data</c> <c>[N]</c> and
/// <c>noise</c> <c>[N, m]</c>, when a user brings scores; in training <c>z1</c> <c>[N, D]</c>; <c>constant</c> <c>[1]</c>, c, the same from
/// every micro-batch; state <c>bank</c> <c>[samples, D]</c>.
/// </summary>
[Method("nce", "data [N]", "noise [N, m]", Views = 1, Family = "gallery", Inventory = "M008",
    Paper = "Gutmann and Hyvärinen, Noise-Contrastive Estimation, 2010")]
public sealed class Nce : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Nce(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
        Require.Positive(recipe, "loss.noise", _options.Noise);
        State = [new("bank", StateKind.Bank, [-1, BuildNetworks.ProjectionWidth(recipe)], StateInitial.UnitRows)];
    }

    public sealed record Options
    {
        /// <summary>τ.</summary>
        public double Temperature { get; init; } = 0.07;

        /// <summary>m, noise rows per image; η of the figure when the noise is uniform over the bank.</summary>
        public int Noise { get; init; } = 256;

        /// <summary>c at the start, minus the logarithm of the partition function over samples; 0 lets the scores normalise themselves.</summary>
        public double LogNormalizer { get; init; }

        /// <summary>c is learnt; otherwise it stays what it is at the start.</summary>
        public bool LearnNormalizer { get; init; } = true;
    }

    public bool Coupled => false;

    public IReadOnlyList<StateSpec> State { get; }

    public IReadOnlyList<string> Carried => ["z1"];

    public Networks Build()
    {
        var backbone = BackboneCatalog.Create(_recipe.Backbone);
        var constant = _options.LearnNormalizer ? new LearntConstant(_options.LogNormalizer) : null;
        return new Networks(new Branch(backbone, MlpHead.Create(_recipe.Projector, backbone.FeatureDimension), decoder: constant));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var found = new Embeddings { { "z1", networks.Student.call(views[0]) } };
        if (_options.LearnNormalizer)
            found.Add("constant", ((LearntConstant)networks.Student.Decoder).Value.alias());
        return found;
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var c = embeddings.Contains("constant") ? embeddings["constant"] : tensor((float)_options.LogNormalizer, device: step.Device);
        if (embeddings.Contains("data"))
            return NceLoss.Loss(embeddings["data"] + c, embeddings["noise"] + c);
        var z = functional.normalize(embeddings["z1"], dim: 1);
        var bank = state["bank"];
        var data = (z * bank.index_select(0, tensor(step.SampleIds.ToArray()).to(z.device))).sum(1) / _options.Temperature;
        var drawn = bank.index_select(0, tensor(Draw(step, bank.shape[0])).to(z.device)).reshape(z.shape[0], _options.Noise, -1);
        var noise = (drawn * z.unsqueeze(1)).sum(-1) / _options.Temperature;

        // The model's and the noise's densities both count rows of the bank, whose number cancels.
        step.Report("constant", c);
        return NceLoss.Loss(data + c, noise + c);
    }

    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step)
        => StateUpdate.Of("bank", functional.normalize(carried["z1"], dim: 1), [.. step.SampleIds]);

    private long[] Draw(StepContext step, long samples)
    {
        var rows = new long[step.SampleIds.Count * _options.Noise];
        for (var i = 0; i < step.SampleIds.Count; i++)
        {
            var random = new RandomStream(step.Seed, Purpose.MethodState, step.Epoch, step.SampleIds[i], 2);
            for (var j = 0; j < _options.Noise; j++)
                rows[(i * _options.Noise) + j] = random.NextUInt32((uint)samples);
        }

        return rows;
    }
}
