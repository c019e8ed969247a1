using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Backbones;

#pragma warning disable IDE0044 // RegisterComponents reads fields.

/// <summary>Two 3×3 convolutions and a shortcut (ResNet-18 and -34).</summary>
internal sealed class BasicBlock : Module<Tensor, Tensor>
{
    private readonly Conv2d conv1;
    private readonly BatchNorm bn1;
    private readonly Conv2d conv2;
    private readonly BatchNorm bn2;
    private readonly Sequential? downsample;
    private readonly long _stride;

    public BasicBlock(long inputs, long width, long stride)
        : base(nameof(BasicBlock))
    {
        conv1 = Conv2d(inputs, width, 3, stride: stride, padding: 1, bias: false);
        bn1 = new BatchNorm(width);
        conv2 = Conv2d(width, width, 3, stride: 1, padding: 1, bias: false);
        bn2 = new BatchNorm(width);
        downsample = Shortcut.Create(inputs, width, stride);
        _stride = stride;
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        var x = bn1.call(conv1.call(input)).relu_();
        x = bn2.call(conv2.call(x));
        return x.add_(Shortcut.Of(input, downsample, _stride)).relu_();
    }
}

/// <summary>1×1, 3×3 and 1×1 convolutions and a shortcut; the stride is in the 3×3 one, as in torchvision (ResNet-50).</summary>
internal sealed class Bottleneck : Module<Tensor, Tensor>
{
    private readonly Conv2d conv1;
    private readonly BatchNorm bn1;
    private readonly Conv2d conv2;
    private readonly BatchNorm bn2;
    private readonly Conv2d conv3;
    private readonly BatchNorm bn3;
    private readonly Sequential? downsample;
    private readonly long _stride;

    public Bottleneck(long inputs, long width, long stride)
        : base(nameof(Bottleneck))
    {
        conv1 = Conv2d(inputs, width, 1, bias: false);
        bn1 = new BatchNorm(width);
        conv2 = Conv2d(width, width, 3, stride: stride, padding: 1, bias: false);
        bn2 = new BatchNorm(width);
        conv3 = Conv2d(width, width * 4, 1, bias: false);
        bn3 = new BatchNorm(width * 4);
        downsample = Shortcut.Create(inputs, width * 4, stride);
        _stride = stride;
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        var x = bn1.call(conv1.call(input)).relu_();
        x = bn2.call(conv2.call(x)).relu_();
        x = bn3.call(conv3.call(x));
        return x.add_(Shortcut.Of(input, downsample, _stride)).relu_();
    }
}

/// <summary>
/// The way past a block. Where it strides, its input is thinned out before the 1 × 1 convolution, which is the same and computes nothing in
/// vain. And oneDNN of libtorch 2.10 divides by zero in the backward pass of a 1 × 1 convolution with stride 2 and 1,024 channels (ResNet-50's) on
/// processors without AMX.
/// </summary>
internal static class Shortcut
{
    /// <summary>A 1×1 convolution and batch norm where the shape changes; null where it does not.</summary>
    public static Sequential? Create(long inputs, long outputs, long stride)
        => inputs == outputs && stride == 1 ? null : Sequential(Conv2d(inputs, outputs, 1, bias: false), new BatchNorm(outputs));

    /// <summary><c>[N, C, H, W]</c> as it is added to what the block computes.</summary>
    public static Tensor Of(Tensor input, Sequential? downsample, long stride)
        => downsample is null ? input : downsample.call(stride == 1 ? input : input.slice(2, 0, long.MaxValue, stride).slice(3, 0, long.MaxValue, stride));
}
