using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Training;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Evaluate;

/// <summary>Images and texts in the space that two towers share; every row has unit length.</summary>
/// <param name="Images">Test images <c>[M, D]</c>.</param>
/// <param name="Texts">Their captions <c>[M, D]</c>; null where the test split has none.</param>
/// <param name="Prompts">Classes <c>[C, D]</c>, each the mean of its prompts; null where nothing names the classes.</param>
public sealed record PairedFeatures(FeatureMatrix Images, FeatureMatrix? Texts, FeatureMatrix? Prompts) : IDisposable
{
    /// <param name="encoder">With weights.</param>
    /// <param name="set">The test split.</param>
    /// <param name="features">Its backbone features <c>[M, F]</c>.</param>
    /// <returns>Null where the encoder has no tower of texts, or nothing is to be read.</returns>
    public static PairedFeatures? Of(Encoder encoder, EvaluationSet set, FeatureMatrix features)
    {
        if (!encoder.ReadsTexts || set.Texts is not { } texts)
            return null;
        return new PairedFeatures(
            encoder.Project(features),
            texts.View is null ? null : Rows(set.Count, (first, count) => encoder.Texts(texts.View(first, count))),
            texts.Prompts.Count == 0 ? null : Rows(texts.Prompts.Count, (first, _) => Mean(encoder.Texts(texts.Prompts[first])), 1));
    }

    public void Dispose()
    {
        Images.Dispose();
        Texts?.Dispose();
        Prompts?.Dispose();
    }

    private static FeatureMatrix Rows(int count, Func<int, int, FeatureMatrix> read, int block = FeaturePass.Block)
    {
        FeatureMatrix? whole = null;
        for (var first = 0; first < count; first += block)
        {
            using var part = read(first, Math.Min(block, count - first));
            whole ??= new FeatureMatrix(count, part.Width);
            part.Rows(0, part.Count).CopyTo(whole.Rows(first, part.Count));
        }

        return whole!;
    }

    private static FeatureMatrix Mean(FeatureMatrix prompts)
    {
        using var scope = NewDisposeScope();
        var mean = functional.normalize(prompts.Tensor(0, prompts.Count).mean([0], keepdim: true), dim: 1);
        return new FeatureMatrix(mean.Values<float>(), prompts.Width);
    }
}
