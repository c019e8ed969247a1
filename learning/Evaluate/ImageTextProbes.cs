using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Evaluate;

/// <summary>What two towers know without a label: the class whose name is nearest, and whose caption is whose.</summary>
public static class ImageTextProbes
{
    /// <summary>Share of the images whose nearest class, by the cosine to its prompts, is theirs (CLIP, section 3.1).</summary>
    /// <param name="images">Unit rows <c>[M, D]</c>.</param>
    /// <param name="prompts">Unit rows <c>[C, D]</c>.</param>
    /// <param name="labels">M classes.</param>
    public static double ZeroShot(FeatureMatrix images, FeatureMatrix prompts, IReadOnlyList<int> labels)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var classes = prompts.Tensor(0, prompts.Count).t();
        var correct = 0;
        foreach (var (first, count) in images.Blocks(FeaturePass.Block))
        {
            using var inner = NewDisposeScope();
            var found = images.Tensor(first, count).mm(classes).argmax(1).Values<long>();
            for (var i = 0; i < count; i++)
                correct += found[i] == labels[first + i] ? 1 : 0;
        }

        return (double)correct / images.Count;
    }

    /// <summary>Share of the queries whose own partner is among the k most similar; of equally similar ones the first in order are before.</summary>
    /// <param name="queries">Unit rows <c>[M, D]</c>.</param>
    /// <param name="partners">Unit rows <c>[M, D]</c>; row i belongs to query i.</param>
    /// <param name="k">Each at least 1.</param>
    /// <returns>One share for each k.</returns>
    public static double[] Recall(FeatureMatrix queries, FeatureMatrix partners, IReadOnlyList<int> k)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var all = partners.Tensor(0, partners.Count).t();
        var found = new int[k.Count];
        foreach (var (first, count) in queries.Blocks(FeaturePass.Block))
        {
            using var inner = NewDisposeScope();
            var similarity = queries.Tensor(first, count).mm(all);
            var own = arange(first, first + count).unsqueeze(1);
            var mine = similarity.gather(1, own);
            var before = similarity.gt(mine).logical_or(similarity.eq(mine).logical_and(arange(partners.Count).unsqueeze(0).lt(own)));
            foreach (var rank in before.to(ScalarType.Int64).sum(1).Values<long>())
            {
                for (var i = 0; i < k.Count; i++)
                    found[i] += rank < k[i] ? 1 : 0;
            }
        }

        return [.. found.Select(f => (double)f / queries.Count)];
    }
}
