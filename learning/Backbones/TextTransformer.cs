using SslOrleans.Contracts;
using SslOrleans.Learning.Text;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Modules = TorchSharp.Modules;

namespace SslOrleans.Learning.Backbones;

/// <summary>
/// A transformer of tokens <c>[N, L]</c> (int64) to features <c>[N, D]</c>, of the same pre-norm blocks as the <see cref="Vit"/>. Causal, as CLIP's text
/// encoder (Radford et al. 2021, section 2.4): each token sees those before it, and the feature is that of the text's end. Otherwise as
/// BERT's (Devlin et al. 2019): each token sees all that are no padding, and the feature is that of the text's start.
/// </summary>
public sealed class TextTransformer : Backbone, IInitialWeights
{
    private readonly bool _causal;
    private readonly bool _mean;
    private readonly ExactDropout _dropout;
    private readonly int _length;
    private readonly AttentionMask _mask = new();
    private Parameter pos_embed;
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly Embedding token_embed;
    private readonly Sequential blocks;
    private readonly LayerNorm norm;
#pragma warning restore IDE0044

    /// <param name="name">For messages.</param>
    /// <param name="vocabulary">Tokens that it knows.</param>
    /// <param name="length">L, most tokens of a text.</param>
    /// <param name="width">D.</param>
    /// <param name="depth">Blocks.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="causal">A token sees those before it alone.</param>
    /// <param name="dropout">Rate behind the embedding and each block, in training.</param>
    /// <param name="mean">The feature is the mean over all tokens that are no padding.</param>
    public TextTransformer(string name, int vocabulary, int length, int width, int depth, int heads, bool causal, double dropout = 0, bool mean = false)
        : base(name)
    {
        (FeatureDimension, Vocabulary, _length, _causal, _mean) = (width, vocabulary, length, causal, mean);
        _dropout = new ExactDropout(dropout);
        token_embed = Embedding(vocabulary, width);
        pos_embed = Parameter(zeros(1, length, width));
        blocks = Sequential(Enumerable.Range(0, depth).Select(_ => (Module<Tensor, Tensor>)new VitBlock(width, heads, mask: _mask)));
        norm = LayerNorm(width, 1e-6);
        RegisterComponents();
    }

    public override int FeatureDimension { get; }

    /// <summary>Tokens that it knows.</summary>
    public int Vocabulary { get; }

    public override void BeginMicroBatch(ulong seed, long epoch, IReadOnlyList<long> samples) => _dropout.Begin(seed, epoch, samples);

    public override Tensor forward(Tensor tokens) => Pool(Transform(tokens), tokens);

    /// <summary>Tokens <c>[N, L]</c> to features of each <c>[N, L, D]</c>, behind the last norm.</summary>
    public Tensor Transform(Tensor tokens)
    {
        var length = tokens.shape[1];
        if (length > _length)
            throw new UserErrorException($"A text of {length} tokens is longer than the {_length} that {GetName()} has places for; change views.*.text.length.");
        _mask.Seen = _causal
            ? ones([length, length], ScalarType.Bool, tokens.device).tril()
            : tokens.ne(TextTokenizer.Padding).unsqueeze(1).unsqueeze(1);
        _dropout.BeginPass();
        var x = Dropped(token_embed.call(tokens) + pos_embed.narrow(1, 0, length), 0);
        foreach (var (number, block) in blocks.children().Cast<VitBlock>().Index())
            x = Dropped(block.call(x), number + 1);
        var found = norm.call(x);
        _mask.Seen = null;
        return found;
    }

    /// <summary>Features of tokens <c>[N, L, D]</c> to those of the texts <c>[N, D]</c>: the end's, or the start's.</summary>
    public Tensor Pool(Tensor features, Tensor tokens)
    {
        if (_mean)
        {
            var real = tokens.ne(TextTokenizer.Padding).to(features.dtype).unsqueeze(2);
            return (features * real).sum(1) / real.sum(1);
        }

        if (!_causal)
            return features.select(1, 0);
        var end = tokens.eq(TextTokenizer.End).to(ScalarType.Int64).argmax(1);
        return features.gather(1, end.reshape(-1, 1, 1).expand(-1, 1, FeatureDimension)).squeeze(1);
    }

    private Tensor Dropped(Tensor values, int layer) => training ? _dropout.Drop(values, layer) : values;

    /// <summary>Normal of 0.02 for tokens and 0.01 for positions (CLIP), the ViT's for the blocks.</summary>
    InitialWeights? IInitialWeights.Rule(Module owner, string name, Tensor parameter) => (owner, name) switch
    {
        (TextTransformer, "pos_embed") => new InitialWeights(InitialKind.Normal, 0.01),
        (Modules.Embedding, "weight") => new InitialWeights(InitialKind.Normal, 0.02),
        (Modules.Linear, "weight") => new InitialWeights(InitialKind.TruncatedNormal, 0.02),
        (Modules.Linear, "bias") => new InitialWeights(InitialKind.Constant, 0),
        _ => null,
    };
}
