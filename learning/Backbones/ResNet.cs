using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Modules = TorchSharp.Modules;

namespace SslOrleans.Learning.Backbones;

/// <summary>
/// ResNet (He et al. 2016) with torchvision's layers and key names, without the classifier.
/// The <c>cifar</c> stem is a 3×3 convolution of stride 1 and padding 1 without pooling (as SimCLR's appendix B.9);
/// the <c>imagenet</c> stem is torchvision's.
/// </summary>
public sealed class ResNet : Backbone, IInitialWeights
{
    private readonly bool _pool;
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly Conv2d conv1;
    private readonly BatchNorm bn1 = new(64);
    private readonly Sequential layer1;
    private readonly Sequential layer2;
    private readonly Sequential layer3;
    private readonly Sequential layer4;
#pragma warning restore IDE0044

    /// <param name="name">For messages.</param>
    /// <param name="depths">Blocks of the four stages.</param>
    /// <param name="bottleneck">Blocks of 1×1, 3×3, 1×1 convolutions (ResNet-50) in place of two 3×3.</param>
    /// <param name="cifarStem">Small stem for images of about 32 pixels.</param>
    public ResNet(string name, IReadOnlyList<int> depths, bool bottleneck, bool cifarStem)
        : base(name)
    {
        _pool = !cifarStem;
        conv1 = cifarStem
            ? Conv2d(3, 64, 3, stride: 1, padding: 1, bias: false)
            : Conv2d(3, 64, 7, stride: 2, padding: 3, bias: false);
        var inputs = 64L;
        layer1 = Stage(64, depths[0], 1);
        layer2 = Stage(128, depths[1], 2);
        layer3 = Stage(256, depths[2], 2);
        layer4 = Stage(512, depths[3], 2);
        FeatureDimension = (int)inputs;
        RegisterComponents();

        Sequential Stage(long width, int depth, long stride)
        {
            var blocks = new List<Module<Tensor, Tensor>>();
            for (var i = 0; i < depth; i++, stride = 1)
            {
                blocks.Add(bottleneck ? new Bottleneck(inputs, width, stride) : new BasicBlock(inputs, width, stride));
                inputs = bottleneck ? width * 4 : width;
            }

            return Sequential(blocks);
        }
    }

    public override int FeatureDimension { get; }

    public static ResNet ResNet18(bool cifarStem) => new("resnet18", [2, 2, 2, 2], false, cifarStem);

    public static ResNet ResNet34(bool cifarStem) => new("resnet34", [3, 4, 6, 3], false, cifarStem);

    public static ResNet ResNet50(bool cifarStem) => new("resnet50", [3, 4, 6, 3], true, cifarStem);

    /// <summary>torchvision: Kaiming normal over fan-out for convolutions.</summary>
    InitialWeights? IInitialWeights.Rule(Module owner, string name, Tensor parameter)
    {
        if (owner is not Modules.Conv2d)
            return null;
        var fanOut = parameter.shape[0] * parameter.shape[2] * parameter.shape[3];
        return new InitialWeights(InitialKind.Normal, Math.Sqrt(2.0 / fanOut));
    }

    public override Tensor forward(Tensor images) => Map(images).mean([2, 3]);

    public override Tensor Places(Tensor images) => AsPlaces(Map(images));

    private Tensor Map(Tensor images)
    {
        var x = bn1.call(conv1.call(images)).relu_();
        if (_pool)
            x = functional.max_pool2d(x, [3, 3], strides: [2, 2], padding: [1, 1]);
        return layer4.call(layer3.call(layer2.call(layer1.call(x))));
    }
}
