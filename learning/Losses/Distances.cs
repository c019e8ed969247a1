using static TorchSharp.torch;

namespace SslOrleans.Learning.Losses;

/// <summary>Euclidean distances whose gradient is 0, not NaN, where two points coincide.</summary>
public static class Distances
{
    /// <summary>Distances of <c>[N, D]</c> and <c>[M, D]</c>, <c>[N, M]</c>.</summary>
    public static Tensor Between(Tensor a, Tensor b) => Root((a.unsqueeze(1) - b.unsqueeze(0)).square().sum(-1));

    /// <summary>√x with gradient 0 at 0.</summary>
    public static Tensor Root(Tensor squares)
    {
        var zero = squares.le(0);
        return squares.masked_fill(zero, 1).sqrt().masked_fill(zero, 0);
    }
}
