using static TorchSharp.torch;

namespace SslOrleans.Learning.Backbones;

/// <summary>
/// The order of a feature map's numbers in memory on a CPU. Convolutions, batch norm, ReLU and sums keep that of their input, so a
/// backbone chooses once, for its images.
/// </summary>
internal static class FeatureMaps
{
    /// <summary>The same images <c>[N, C, H, W]</c>, laid out as the layers behind them compute fastest.</summary>
    public static Tensor Of(Tensor images) => images.device_type == TorchSharp.DeviceType.CPU ? ChannelsLast(images) : images;

    /// <summary>N, H, W, C: oneDNN convolves in place instead of reordering before and after every layer.</summary>
    private static Tensor ChannelsLast(Tensor images) => images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
}
