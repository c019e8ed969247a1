using static TorchSharp.torch;

namespace SslOrleans.Learning.Numerics;

/// <summary>
/// Adds what the micro-batches brought in the order of <see cref="SumTree"/>: for losses that need of a batch no more than sums of a
/// fixed size (moments, characteristic functions), so that no embedding has to be gathered.
/// </summary>
public static class TreeRows
{
    /// <param name="parts">One row from each micro-batch <c>[M, …]</c>.</param>
    /// <returns>Their sum <c>[…]</c>; the gradient flows back to every row.</returns>
    public static Tensor Sum(Tensor parts) => Sum(parts, new MicroBatchRange(0, (int)parts.shape[0]));

    private static Tensor Sum(Tensor parts, MicroBatchRange node)
    {
        if (node.Size == 1)
            return parts.select(0, node.Start);
        var (left, right) = SumTree.Children(node);
        return Sum(parts, left) + Sum(parts, right);
    }
}
