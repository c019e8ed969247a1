using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>Images in all four rotations by a multiple of 90° (Gidaris et al. 2018).</summary>
internal static class QuarterTurns
{
    /// <summary>Rotations.</summary>
    public const int Count = 4;

    /// <summary>Images <c>[N, 3, H, H]</c> to <c>[4·N, 3, H, H]</c>: all as they are, then all turned by 90°, 180° and 270° counter-clockwise.</summary>
    public static Tensor Of(Tensor images)
    {
        var turned = images.transpose(2, 3);
        return cat([images, turned.flip(2), images.flip(2, 3), turned.flip(3)]);
    }

    /// <summary>Outputs <c>[4·N, K]</c> in the order of <see cref="Of"/> by image: <c>[N, 4, K]</c>.</summary>
    public static Tensor ByImage(Tensor outputs) => outputs.reshape(Count, outputs.shape[0] / Count, -1).transpose(0, 1).contiguous();

    /// <summary>Cross entropy of logits <c>[N, 4, 4]</c> with the rotation that each was made of; a scalar.</summary>
    public static Tensor Loss(Tensor logits)
    {
        var labels = arange(0, Count, device: logits.device).repeat(logits.shape[0]);
        return nn.functional.cross_entropy(logits.flatten(0, 1), labels);
    }
}
