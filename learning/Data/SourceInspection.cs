using SslOrleans.Contracts;

namespace SslOrleans.Learning.Data;

/// <summary>Least, middle and greatest of a set of numbers.</summary>
public readonly record struct Spread(int Least, int Median, int Greatest);

/// <summary>What a data set looks like, for people.</summary>
/// <param name="Name">Path and split.</param>
/// <param name="Count">Images.</param>
/// <param name="Fingerprint">See <see cref="IImageSource.Fingerprint"/>.</param>
/// <param name="Width">Widths of the images that were looked at.</param>
/// <param name="Height">Heights of the images that were looked at.</param>
/// <param name="LookedAt">Images that were decoded.</param>
/// <param name="ClassCounts">Images of each label; empty without labels.</param>
/// <param name="Unlabelled">Images without a label.</param>
/// <param name="Undecodable">Key and reason of each image that did not decode.</param>
/// <param name="Notes">Oddities found while opening.</param>
public sealed record SourceInspection(
    string Name, int Count, string Fingerprint, Spread Width, Spread Height, int LookedAt,
    IReadOnlyList<(string Class, int Images)> ClassCounts, int Unlabelled,
    IReadOnlyList<(string Key, string Reason)> Undecodable, IReadOnlyList<string> Notes)
{
    /// <summary>
    /// Decodes up to <paramref name="most"/> images, evenly spread, and counts. To list every undecodable image, open the source with
    /// <see cref="SourceOptions.UndecodableLimit"/> 1 and look at all.
    /// </summary>
    public static SourceInspection Of(IImageSource source, int most = int.MaxValue)
    {
        var count = Math.Min(most, source.Count);
        var widths = new int[count];
        var heights = new int[count];
        try
        {
            Parallel.For(0, count, () => new RgbImage(), (i, _, scratch) =>
            {
                var image = source.Read((int)((long)i * source.Count / count), scratch);
                (widths[i], heights[i]) = (image.Width, image.Height);
                return scratch;
            }, _ => { });
        }
        catch (AggregateException several) when (several.InnerException is UserErrorException user)
        {
            throw user;
        }

        var labels = new SortedDictionary<int, int>();
        var unlabelled = 0;
        for (var i = 0; i < source.Count; i++)
        {
            if (source.Label(i) is { } label)
                labels[label] = labels.GetValueOrDefault(label) + 1;
            else
                unlabelled++;
        }

        for (var label = 0; label < source.Classes.Count && labels.Count > 0; label++)
            labels.TryAdd(label, 0);
        return new SourceInspection(
            source.Name, source.Count, source.Fingerprint, SpreadOf(widths), SpreadOf(heights), count,
            [.. labels.Select(pair => (pair.Key < source.Classes.Count ? source.Classes[pair.Key] : $"{pair.Key}", pair.Value))],
            unlabelled,
            [.. source.Undecodable.OrderBy(pair => pair.Key).Select(pair => (source.Key(pair.Key), pair.Value))],
            source.Notes);
    }

    private static Spread SpreadOf(int[] values)
    {
        Array.Sort(values);
        return new Spread(values[0], values[values.Length / 2], values[^1]);
    }
}
