using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>Views of several resolutions (SwAV, K64 to K68).</summary>
public static class MultiCrop
{
    /// <summary>
    /// Runs every view from <paramref name="from"/> on through the function, neighbouring views of the same size as one batch (K17),
    /// and gives the outputs by view.
    /// </summary>
    public static IReadOnlyList<Tensor> Encode(Views views, Func<Tensor, Tensor> encode, int count, int from = 0)
    {
        var outputs = new List<Tensor>();
        while (from + outputs.Count < count)
        {
            var first = from + outputs.Count;
            var last = first + 1;
            while (last < count && views[last].shape[2] == views[first].shape[2])
                last++;
            var batch = cat([.. Enumerable.Range(first, last - first).Select(v => views[v])]);
            outputs.AddRange(encode(batch).chunk(last - first));
        }

        return outputs;
    }

    /// <summary>
    /// Each of the first two (large) views as a target for every other view (K66): (target, prediction) pairs, 2(V − 1) of them.
    /// </summary>
    public static IEnumerable<(int Target, int View)> Pairs(int views)
        => from target in Enumerable.Range(0, 2)
           from view in Enumerable.Range(0, views)
           where view != target
           select (target, view);
}
