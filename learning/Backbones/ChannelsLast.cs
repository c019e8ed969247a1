using TorchSharp;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Backbones;

/// <summary>The order of a convolution's numbers in memory.</summary>
internal static class ChannelsLast
{
    /// <summary>
    /// The same images <c>[N, C, H, W]</c>, laid out as N, H, W, C on a CPU: oneDNN then convolves in place instead of reordering before and
    /// after every layer (ResNet-18 about 1.05 times as fast, conv4 1.1 times). Later layers keep the layout of their input.
    /// </summary>
    public static Tensor Of(Tensor images)
        => images.device_type == DeviceType.CPU ? images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2) : images;
}
