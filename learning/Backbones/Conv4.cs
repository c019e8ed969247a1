using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Backbones;

/// <summary>
/// A plain convolutional net for quick runs: four 3×3 stages of 32, 64, 128 and 256 channels with strides 1, 2, 2, 2,
/// each without bias and followed by batch norm and ReLU, then the mean over positions. 0.4 M parameters, D = 256. Of a clip <c>[N, T, 3, S, S]</c> the frames are
/// channels of one picture (early fusion, Karpathy et al. 2014).
/// </summary>
public sealed class Conv4 : Backbone
{
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly Conv2d conv1;
    private readonly BatchNorm bn1 = new(32);
    private readonly Conv2d conv2 = Stage(32, 64, 2);
    private readonly BatchNorm bn2 = new(64);
    private readonly Conv2d conv3 = Stage(64, 128, 2);
    private readonly BatchNorm bn3 = new(128);
    private readonly Conv2d conv4 = Stage(128, 256, 2);
    private readonly BatchNorm bn4 = new(256);
#pragma warning restore IDE0044

    /// <param name="channels">Of what comes in: 3 of pictures, 1 of spectrograms, 3·T of clips.</param>
    public Conv4(int channels = 3)
        : base(nameof(Conv4))
    {
        conv1 = Stage(channels, 32, 1);
        RegisterComponents();
    }

    public override int FeatureDimension => 256;

    public override Tensor forward(Tensor images) => Map(images).mean([2, 3]);

    public override Tensor Places(Tensor images) => AsPlaces(Map(images));

    private Tensor Map(Tensor images)
    {
        var x = bn1.call(conv1.call(images.dim() == 5 ? images.flatten(1, 2) : images)).relu_();
        x = bn2.call(conv2.call(x)).relu_();
        x = bn3.call(conv3.call(x)).relu_();
        return bn4.call(conv4.call(x)).relu_();
    }

    private static Conv2d Stage(long inputs, long outputs, long stride)
        => Conv2d(inputs, outputs, 3, stride: stride, padding: 1, bias: false);
}
