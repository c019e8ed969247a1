using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// Colorization: from the luminance alone, which colour each place of the backbone's last map has; a colour is a class, and rare ones count more.
/// One view. Embeddings <c>logits</c> <c>[N, P, Q]</c>, <c>color</c> <c>[N, P]</c>, the right answers; state <c>seen</c> <c>[1, Q]</c>, an exponential mean of how often each colour was.
/// </summary>
[Method("colorization", Views = 1, Family = "pretext", Inventory = "M095",
    Paper = "Zhang et al., Colorful Image Colorization, 2016")]
public sealed class Colorization : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Colorization(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        if (_options.Bins is < 2 or > 64)
            throw Require.Error(recipe, "loss.bins", $"is {_options.Bins}", "give 2 to 64");
        if (_options.Uniform is not (> 0 and <= 1))
            throw Require.Error(recipe, "loss.uniform", $"is {_options.Uniform}", "give a share above 0, at most 1");
        State = [new("seen", StateKind.Value, [1, _options.Bins * _options.Bins])];
    }

    public sealed record Options
    {
        /// <summary>√Q, steps of each of the two colour differences (the paper: 313 classes of CIE's ab).</summary>
        public int Bins { get; init; } = 16;

        /// <summary>λ of the rebalancing: 1 weighs all colours alike.</summary>
        public double Uniform { get; init; } = 0.5;

        /// <summary>Share of the past in how often each colour was.</summary>
        public double SeenMomentum { get; init; } = 0.99;
    }

    public bool Coupled => false;

    public double LossOfChance => double.NaN; // weighted by what was seen

    public IReadOnlyList<StateSpec> State { get; }

    public IReadOnlyList<string> Carried => ["color"];

    public Networks Build() => BuildNetworks.Classifier(_recipe, _options.Bins * _options.Bins);

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        Tensor Channels(IReadOnlyList<double> values) => tensor(values.Select(v => (float)v).ToArray()).reshape(1, 3, 1, 1).to(step.Device);
        var (mean, deviation) = (Channels(_recipe.Normalize.Mean), Channels(_recipe.Normalize.StandardDeviation));
        var colours = (views[0] * deviation) + mean;
        var places = networks.Student.Backbone.Places((Chroma.Luminance(colours) - mean) / deviation);
        var (n, p) = (places.shape[0], places.shape[1]);
        var logits = networks.Student.Predict(networks.Student.Project(places.flatten(0, 1)));
        return new Embeddings
        {
            { "logits", logits.reshape(n, p, -1) },
            { "color", Chroma.Classes(colours, (int)Math.Sqrt(p), _options.Bins) },
        };
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var colours = embeddings["color"].detach().flatten().to(ScalarType.Int64);
        var each = functional.cross_entropy(embeddings["logits"].flatten(0, 1), colours, reduction: Reduction.None);
        return (each * Chroma.Weights(state["seen"], _options.Uniform).index_select(0, colours)).mean();
    }

    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step)
    {
        var q = _options.Bins * _options.Bins;
        var colours = carried["color"].flatten();
        var share = colours.to(ScalarType.Int64).bincount(null, q).to(ScalarType.Float32) / colours.shape[0];
        return StateUpdate.Of("seen", (_options.SeenMomentum * state["seen"]) + ((1 - _options.SeenMomentum) * share.unsqueeze(0)));
    }
}
