using static TorchSharp.torch;

namespace SslOrleans.Learning.Losses;

/// <summary>Spectrograms and clips as rows of patch values: what a transformer takes, and the targets of masked methods.</summary>
public static class GridPatches
{
    /// <summary>Spectrograms <c>[N, 1, F, T]</c> to <c>[N, P, p·p]</c>: patches row by row, in each the values row by row.</summary>
    public static Tensor OfSpectrograms(Tensor spectrograms, int patch)
    {
        var (n, f, t) = (spectrograms.shape[0], spectrograms.shape[2] / patch, spectrograms.shape[3] / patch);
        return spectrograms.reshape(n, f, patch, t, patch).permute(0, 1, 3, 2, 4).reshape(n, f * t, patch * patch);
    }

    /// <summary>Clips <c>[N, T, 3, H, W]</c> to <c>[N, P, τ·p·p·3]</c>: tubelets of τ frames layer by layer, in each row by row; values frame by frame, row by row, colours last.</summary>
    public static Tensor OfClips(Tensor clips, int patch, int frames)
    {
        var (n, t, h, w) = (clips.shape[0], clips.shape[1] / frames, clips.shape[3] / patch, clips.shape[4] / patch);
        return clips.reshape(n, t, frames, 3, h, patch, w, patch).permute(0, 1, 4, 6, 2, 5, 7, 3).reshape(n, t * h * w, frames * patch * patch * 3);
    }
}
