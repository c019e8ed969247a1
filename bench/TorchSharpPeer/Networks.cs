using System.Globalization;
using SslOrleans.Contracts.Recipes;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.TorchSharpPeer;

/// <summary>The networks of the recipes, in TorchSharp's own modules.</summary>
internal static class Networks
{
    /// <summary>A backbone and the projector behind it: <c>[N, 3, 32, 32]</c> to <c>[N, last width]</c>.</summary>
    /// <param name="backbone">conv4, resnet18 or vit-ti.</param>
    /// <param name="projector">Widths, as in <c>512-128</c>.</param>
    public static Sequential SimClr(BackboneRecipe backbone, string projector)
    {
        var (network, width) = backbone.Name switch
        {
            "conv4" => (Conv4(), 256L),
            "resnet18" => (ResNet18(), 512L),
            "vit-ti" => (new Transformer(backbone.ImageSize, backbone.PatchSize, width: 192, depth: 12, heads: 3), 192L),
            _ => throw new ArgumentException($"backbone.name is \"{backbone.Name}\"; this peer has conv4, resnet18 and vit-ti."),
        };
        var layers = new List<Module<Tensor, Tensor>> { network };
        foreach (var next in projector.Split('-').Select(text => long.Parse(text, CultureInfo.InvariantCulture)))
        {
            if (layers.Count > 1)
                layers.Add(ReLU(inplace: true));
            layers.Add(Linear(width, next));
            width = next;
        }

        return Sequential(layers);
    }

    /// <summary>Four 3×3 convolutions, each with batch norm and ReLU, then the mean over positions.</summary>
    private static Module<Tensor, Tensor> Conv4() => Sequential(
        [.. Convolution(3, 32, 1), .. Convolution(32, 64, 2), .. Convolution(64, 128, 2), .. Convolution(128, 256, 2), AdaptiveAvgPool2d(1), Flatten()]);

    /// <summary>He et al. 2016, with a 3×3 stem for small images.</summary>
    private static Module<Tensor, Tensor> ResNet18() => Sequential(
        [.. Convolution(3, 64, 1),
            new Block(64, 64, 1), new Block(64, 64, 1), new Block(64, 128, 2), new Block(128, 128, 1),
            new Block(128, 256, 2), new Block(256, 256, 1), new Block(256, 512, 2), new Block(512, 512, 1),
            AdaptiveAvgPool2d(1), Flatten()]);

    private static Module<Tensor, Tensor>[] Convolution(long inputs, long outputs, long stride)
        => [Conv2d(inputs, outputs, 3, stride: stride, padding: 1, bias: false), BatchNorm2d(outputs), ReLU(inplace: true)];

    /// <summary>Two 3×3 convolutions and a shortcut.</summary>
    private sealed class Block : Module<Tensor, Tensor>
    {
        private readonly Sequential body;
        private readonly Sequential? shortcut;

        public Block(long inputs, long outputs, long stride)
            : base(nameof(Block))
        {
            body = Sequential([.. Convolution(inputs, outputs, stride), Conv2d(outputs, outputs, 3, padding: 1, bias: false), BatchNorm2d(outputs)]);
            if (inputs != outputs)
                shortcut = Sequential(Conv2d(inputs, outputs, 1, stride: stride, bias: false), BatchNorm2d(outputs));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x) => body.call(x).add_(shortcut?.call(x) ?? x).relu_();
    }

    /// <summary>Dosovitskiy et al. 2021: patches, [cls], learned positions, pre-norm blocks; the normalised [cls] comes out.</summary>
    private sealed class Transformer : Module<Tensor, Tensor>
    {
        private readonly Conv2d patches;
        private readonly Parameter cls;
        private readonly Parameter positions;
        private readonly Sequential blocks;
        private readonly LayerNorm norm;

        public Transformer(int image, int patch, int width, int depth, int heads)
            : base(nameof(Transformer))
        {
            var grid = image / patch;
            patches = Conv2d(3, width, patch, stride: patch);
            cls = Parameter(zeros(1, 1, width));
            positions = Parameter(randn(1, 1 + (grid * grid), width) * 0.02f);
            blocks = Sequential(Enumerable.Range(0, depth).Select(Module<Tensor, Tensor> (_) => new TransformerBlock(width, heads)));
            norm = LayerNorm(width, 1e-6);
            RegisterComponents();
        }

        public override Tensor forward(Tensor images)
        {
            var tokens = patches.call(images).flatten(2).transpose(1, 2);
            var all = cat([cls.expand(tokens.shape[0], 1, -1), tokens], 1) + positions;
            return norm.call(blocks.call(all)).select(1, 0);
        }
    }

    /// <summary>Attention and an MLP, each behind a norm and beside a shortcut.</summary>
    private sealed class TransformerBlock : Module<Tensor, Tensor>
    {
        private readonly int _heads;
        private readonly LayerNorm norm1;
        private readonly Linear qkv;
        private readonly Linear proj;
        private readonly LayerNorm norm2;
        private readonly Linear fc1;
        private readonly Linear fc2;

        public TransformerBlock(int width, int heads)
            : base(nameof(TransformerBlock))
        {
            _heads = heads;
            norm1 = LayerNorm(width, 1e-6);
            qkv = Linear(width, 3 * width);
            proj = Linear(width, width);
            norm2 = LayerNorm(width, 1e-6);
            fc1 = Linear(width, 4 * width);
            fc2 = Linear(4 * width, width);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            var (n, t, d) = (x.shape[0], x.shape[1], x.shape[2]);
            var split = qkv.call(norm1.call(x)).reshape(n, t, 3, _heads, d / _heads).permute(2, 0, 3, 1, 4);
            var mixed = functional.scaled_dot_product_attention(split[0], split[1], split[2]);
            x = x + proj.call(mixed.transpose(1, 2).reshape(n, t, d));
            return x + fc2.call(functional.gelu(fc1.call(norm2.call(x))));
        }
    }
}
