using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Heads;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Text;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// Word2Vec's skip-gram: the vector of a token tells a token that stands near it, by a softmax over the whole vocabulary. One view. Embeddings <c>scores</c> <c>[N, P, V]</c> of P
/// drawn pairs; without gradient <c>tokens</c> (the neighbours), <c>chosen</c> <c>[N, P]</c> (0 where a text has no two tokens).
/// </summary>
[Method("skipgram", Views = 1, Modalities = [Modality.Text], Family = "text", Inventory = "M143",
    Paper = "Mikolov et al., Distributed Representations of Words and Phrases and their Compositionality, 2013")]
public sealed class SkipGram : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public SkipGram(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.Positive(recipe, "loss.window", _options.Window);
        Require.Positive(recipe, "loss.pairs", _options.Pairs);
        if (BackboneCatalog.Create(recipe) is not TextBag)
            throw Require.Error(recipe, "backbone.name", $"is \"{recipe.Backbone.Name}\"", "skip-gram learns vectors of tokens; use text-bag or text-bag-small");
    }

    public sealed record Options
    {
        /// <summary>c, tokens to either side that a neighbour is drawn from.</summary>
        public int Window { get; init; } = 5;

        /// <summary>P, pairs that are drawn of each text.</summary>
        public int Pairs { get; init; } = 16;
    }

    public bool Coupled => false;

    public double LossOfChance => PortableMath.Log(_recipe.Text.Tokens);

    public Networks Build()
    {
        var backbone = BackboneCatalog.Create(_recipe);
        return new Networks(new Branch(backbone, decoder: new TokenDecoder(backbone.FeatureDimension, _recipe.Text.Tokens)));
    }

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var (n, length) = ((int)views[0].shape[0], (int)views[0].shape[1]);
        var tokens = views[0].cpu().Values<long>();
        var (centres, neighbours, chosen) = (new long[n * _options.Pairs], new long[n * _options.Pairs], new float[n * _options.Pairs]);
        for (var row = 0; row < n; row++)
        {
            var own = tokens.Skip(row * length).Take(length).Where(t => t >= TextTokenizer.Marks).ToArray();
            var random = Draws.Of(step, step.SampleIds[row], 0);
            for (var pair = row * _options.Pairs; own.Length > 1 && pair < (row + 1) * _options.Pairs; pair++)
            {
                var at = (int)random.NextUInt32((uint)own.Length);
                var (first, last) = (Math.Max(0, at - _options.Window), Math.Min(own.Length - 1, at + _options.Window));
                var near = first + (int)random.NextUInt32((uint)(last - first));
                (centres[pair], neighbours[pair], chosen[pair]) = (own[at], own[near < at ? near : near + 1], 1);
            }
        }

        return new Embeddings
        {
            { "scores", ((TokenDecoder)networks.Student.Decoder).call(((TextBag)networks.Student.Backbone).Vectors(tensor(centres, [n, _options.Pairs]).to(step.Device))) },
            { "tokens", tensor(neighbours, [n, _options.Pairs]).to(ScalarType.Float32).to(step.Device) },
            { "chosen", TensorMemory.Aligned(chosen, [n, _options.Pairs], step.Device) },
        };
    }

    /// <summary>Equation 1 with the softmax of equation 2, a mean over the pairs that were drawn.</summary>
    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
        => MaskedTokenLoss.Loss(embeddings["scores"], embeddings["tokens"], embeddings["chosen"]);
}
