using static TorchSharp.torch;

namespace SslOrleans.Learning.Losses;

/// <summary>Neighbours in a support set, without gradient.</summary>
public static class Neighbours
{
    /// <summary>For each row of <c>[N, D]</c> the row of the normalised support set <c>[K, D]</c> with the highest cosine, <c>[N, D]</c>.</summary>
    public static Tensor Nearest(Tensor rows, Tensor support)
    {
        using var off = no_grad();
        return support.index_select(0, rows.mm(support.t()).argmax(1));
    }
}
