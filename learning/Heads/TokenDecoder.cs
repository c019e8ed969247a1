using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Heads;

/// <summary>Features of tokens <c>[N, L, D]</c> to scores of every token of the vocabulary <c>[N, L, V]</c>.</summary>
public sealed class TokenDecoder : Module<Tensor, Tensor>
{
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly Linear tokens;
#pragma warning restore IDE0044

    /// <param name="features">D.</param>
    /// <param name="vocabulary">V.</param>
    public TokenDecoder(int features, int vocabulary)
        : base(nameof(TokenDecoder))
    {
        tokens = Linear(features, vocabulary);
        RegisterComponents();
    }

    public override Tensor forward(Tensor features) => tokens.call(features);
}
