using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>How far embeddings are apart, which a collapse brings to 0 (cookbook section 3.3). Reported of every step; a method whose micro-batches leave no rows reports it when it encodes.</summary>
public static class EmbeddingSpread
{
    /// <summary>Name among the reported terms.</summary>
    public const string Name = "embeddingSpread";

    /// <summary>√D · mean over dimensions of the standard deviation of unit-length embeddings: near 1 when they fill the sphere, 0 when they are one point.</summary>
    /// <param name="embeddings"><c>[N, D]</c>.</param>
    public static Tensor Of(Tensor embeddings)
    {
        using var off = no_grad();
        return nn.functional.normalize(embeddings.detach(), dim: 1).std(0).mean() * Math.Sqrt(embeddings.shape[1]);
    }
}
