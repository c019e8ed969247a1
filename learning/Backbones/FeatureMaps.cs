using TorchSharp;
using static TorchSharp.torch;
using Modules = TorchSharp.Modules;

namespace SslOrleans.Learning.Backbones;

/// <summary>
/// The order of a feature map's numbers in memory on a CPU. Convolutions, batch norm, ReLU and sums keep that of their input, so a
/// backbone chooses once, for its images.
/// </summary>
internal static class FeatureMaps
{
    /// <summary>Whether training on a CPU can use oneDNN's own blocks.</summary>
    public static bool HasBlocks => s_hasBlocks.Value;

    /// <summary>The same images <c>[N, C, H, W]</c>, laid out as the layers behind them compute fastest.</summary>
    /// <param name="images">Images.</param>
    /// <param name="first">The convolution that sees them.</param>
    /// <param name="norm">The backbone's first batch norm, which speaks for all of them.</param>
    public static Tensor Of(Tensor images, Modules.Conv2d first, BatchNorm norm)
    {
        if (images.device_type != DeviceType.CPU)
            return images;
        return CanBeBlocked(images, first, norm) ? Blocked(images) : ChannelsLast(images);
    }

    /// <summary>The mean over positions of feature maps <c>[N, C, H, W]</c> in any layout: features <c>[N, C]</c>.</summary>
    public static Tensor MeanOverPositions(Tensor maps) => maps.to_dense().mean([2, 3]);

    /// <summary>
    /// oneDNN's own blocks know float32 and batch norm over the rows at hand. Its batch norm has no gradient in evaluation, and statistics
    /// over the effective batch are taken in managed code.
    /// </summary>
    private static bool CanBeBlocked(Tensor images, Modules.Conv2d first, BatchNorm norm)
        => images.dtype == ScalarType.Float32 && first.weight.dtype == ScalarType.Float32
            && norm.training && norm.Statistics is MicroBatchStatistics && HasBlocks;

    /// <summary>N, H, W, C: oneDNN convolves in place instead of reordering before and after every layer.</summary>
    private static Tensor ChannelsLast(Tensor images) => images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);

#if LIGHT_TENSORS
    private static readonly Lazy<bool> s_hasBlocks = new(() =>
    {
        try
        {
            using var scope = NewDisposeScope();
            zeros(1, 1, 1, 1).to_mkldnn();
            return true;
        }
        catch (System.Runtime.InteropServices.ExternalException)
        {
            return false; // A libtorch without oneDNN.
        }
    });

    /// <summary>
    /// oneDNN's own blocks of channels, for which it has its fastest kernels (a ResNet-18 pass 1.1 times as fast as with N, H, W, C).
    /// </summary>
    private static Tensor Blocked(Tensor images) => images.to_mkldnn();
#else
    // TorchSharp has no to_mkldnn.
    private static readonly Lazy<bool> s_hasBlocks = new(() => false);

    private static Tensor Blocked(Tensor images) => images;
#endif
}
