using SslOrleans.Learning.Text;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Modules = TorchSharp.Modules;

namespace SslOrleans.Learning.Backbones;

/// <summary>Vectors of tokens without order: tokens <c>[N, L]</c> (int64) to the mean over those that are no marks and no padding <c>[N, D]</c>.</summary>
public sealed class TextBag : Backbone, IInitialWeights
{
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly Embedding token_embed;
#pragma warning restore IDE0044

    /// <param name="vocabulary">Tokens that it knows.</param>
    /// <param name="width">D.</param>
    public TextBag(int vocabulary, int width)
        : base(nameof(TextBag))
    {
        FeatureDimension = width;
        token_embed = Embedding(vocabulary, width);
        RegisterComponents();
    }

    public override int FeatureDimension { get; }

    public override Tensor forward(Tensor tokens)
    {
        var words = tokens.ge(TextTokenizer.Marks).to(ScalarType.Float32).unsqueeze(2);
        return (Vectors(tokens) * words).sum(1) / words.sum(1).clamp_min(1);
    }

    /// <summary>Tokens of any shape to their vectors <c>[…, D]</c>.</summary>
    public Tensor Vectors(Tensor tokens) => token_embed.call(tokens);

    InitialWeights? IInitialWeights.Rule(Module owner, string name, Tensor parameter)
        => owner is Modules.Embedding ? new InitialWeights(InitialKind.Uniform, 0.5 / FeatureDimension) : null;
}
