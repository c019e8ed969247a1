using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Losses;

/// <summary>
/// Learning to count (Noroozi et al. 2017, eq. 4): what is counted in an image is the sum of what is counted in its four quarters, and not that of
/// another image: mean of ‖w − t‖² + max(0, M − ‖w′ − t‖²).
/// </summary>
public static class Counting
{
    /// <param name="whole">w, counts in the shrunk images <c>[N, D]</c>, whole effective batch, N at least 2; w′ is the next row's, the first row's for the last.</param>
    /// <param name="tiles">t, sums of the counts in the quarters <c>[N, D]</c>.</param>
    /// <param name="margin">M.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(Tensor whole, Tensor tiles, double margin)
        => ((whole - tiles).square().sum(1) + functional.relu(margin - (whole.roll(-1, 0) - tiles).square().sum(1))).mean();
}
