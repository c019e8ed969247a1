using static TorchSharp.torch;

namespace SslOrleans.Learning.Losses;

/// <summary>Images as rows of patch pixels, the targets of MAE and SimMIM.</summary>
public static class PatchPixels
{
    /// <summary>Images <c>[N, 3, H, W]</c> to <c>[N, P, p·p·3]</c>: patches row by row, in each the pixels row by row, channels last.</summary>
    public static Tensor Of(Tensor images, int patchSize)
    {
        var (n, h, w) = (images.shape[0], images.shape[2] / patchSize, images.shape[3] / patchSize);
        return images.reshape(n, 3, h, patchSize, w, patchSize).permute(0, 2, 4, 3, 5, 1).reshape(n, h * w, patchSize * patchSize * 3);
    }

    /// <summary>Patches <c>[N, P, p·p·3]</c> back to square images <c>[N, 3, H, H]</c>.</summary>
    public static Tensor Images(Tensor patches, int patchSize)
    {
        var (n, grid) = (patches.shape[0], (long)Math.Sqrt(patches.shape[1]));
        return patches.reshape(n, grid, grid, patchSize, patchSize, 3).permute(0, 5, 1, 3, 2, 4).reshape(n, 3, grid * patchSize, grid * patchSize);
    }

    /// <summary>Each patch minus its mean, over √(its unbiased variance + 1e-6).</summary>
    public static Tensor Normalize(Tensor patches)
        => (patches - patches.mean([-1], keepdim: true)) / Deviation(patches);

    /// <summary>Undoes <see cref="Normalize"/> with the mean and the deviation of <paramref name="of"/>.</summary>
    public static Tensor Denormalize(Tensor normalized, Tensor of) => (normalized * Deviation(of)) + of.mean([-1], keepdim: true);

    private static Tensor Deviation(Tensor patches) => (patches.var(-1L, unbiased: true, keepdim: true) + 1e-6).sqrt();
}
