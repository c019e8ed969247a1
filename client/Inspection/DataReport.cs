using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Serialization;
using SslOrleans.Contracts;
using SslOrleans.Grains.Data;
using SslOrleans.Learning.Images;

namespace SslOrleans.Client.Inspection;

/// <summary>A class and how many images it has.</summary>
public sealed record ClassCount(int Label, string Name, int Images);

/// <summary>What is in one split of a data set; every image was decoded once.</summary>
public sealed record DataReport(
    string Split,
    int Images,
    double Megabytes,
    string Smallest,
    string Largest,
    IReadOnlyList<ClassCount> Classes,
    int Unlabelled,
    string Fingerprint,
    double DecodedPerSecond,
    IReadOnlyList<string> Notes,
    IReadOnlyDictionary<string, string> Undecodable)
{
    /// <summary>What is said of 16-bit images that use a part of their range; null where there are none.</summary>
    [JsonIgnore]
    public string? SixteenBits { get; init; }

    /// <summary>Images with a caption.</summary>
    public int Captioned { get; init; }

    /// <summary>Mean of red, green and blue over all pixels, 0 … 1: <c>normalize.mean</c> of a recipe.</summary>
    public IReadOnlyList<double> Mean { get; init; } = [];

    /// <summary>Their standard deviation: <c>normalize.standardDeviation</c>.</summary>
    public IReadOnlyList<double> StandardDeviation { get; init; } = [];

    /// <summary>Reports of the splits that are there, or of the one that is asked for.</summary>
    /// <exception cref="UserErrorException">Nothing readable is there.</exception>
    public static IEnumerable<DataReport> Of(string path, string? split, CancellationToken cancellation)
    {
        foreach (var name in split is null ? DataLocations.Splits(path) : [split])
            yield return One(path, name, cancellation);
    }

    private static DataReport One(string path, string split, CancellationToken cancellation)
    {
        using var source = DataLocations.OpenSource(path, split);
        var undecodable = new ConcurrentDictionary<string, string>();
        var sizes = new ConcurrentDictionary<(int Width, int Height), int>();
        var sixteen = new ConcurrentDictionary<int, (int Images, int Largest)>();
        var sums = new long[3];
        var squares = new long[3];
        long bytes = 0, pixels = 0;
        var started = Stopwatch.GetTimestamp();
        // Encoded bytes are decoded here, and not by the source, which would stop at the first hundredth of bad images.
        Parallel.For(0, source.Count, new ParallelOptions { CancellationToken = cancellation }, () => new RgbImage(), (i, _, image) =>
        {
            var encoded = source.ReadEncoded(i);
            Interlocked.Add(ref bytes, encoded.Length);
            try
            {
                if (ImageDecoder.LargestOf16Bits(encoded) is { } value)
                    sixteen.AddOrUpdate(0, (1, value), (_, s) => (s.Images + 1, Math.Max(s.Largest, value)));
                ImageDecoder.Decode(encoded, image);
                sizes.AddOrUpdate((image.Width, image.Height), 1, (_, n) => n + 1);
                Interlocked.Add(ref pixels, (long)image.Width * image.Height);
                AddSums(image.Pixels, sums, squares);
            }
            catch (UndecodableImageException e)
            {
                undecodable[source.Key(i)] = e.Message;
            }

            return image;
        }, _ => { });
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var labels = Enumerable.Range(0, source.Count).Select(source.Label).ToList();
        var bySize = sizes.Keys.OrderBy(s => (long)s.Width * s.Height).ToList();
        var partOfRange = sixteen.TryGetValue(0, out var s) ? Learning.Data.SixteenBits.Note(s.Images, s.Largest) : null;
        return new DataReport(
            split,
            source.Count,
            bytes / 1e6,
            Size(bySize, first: true),
            Size(bySize, first: false),
            [.. labels.OfType<int>().GroupBy(l => l).OrderBy(g => g.Key).Select(g => new ClassCount(g.Key, g.Key < source.Classes.Count ? source.Classes[g.Key] : $"{g.Key}", g.Count()))],
            labels.Count(l => l is null),
            source.Fingerprint,
            source.Count / seconds,
            [.. source.Notes, .. partOfRange is null ? [] : new[] { partOfRange }],
            new SortedDictionary<string, string>(undecodable, StringComparer.Ordinal))
        {
            SixteenBits = partOfRange,
            Captioned = Enumerable.Range(0, source.Count).Count(i => source.Caption(i) is not null),
            Mean = [.. sums.Select(s => Math.Round((double)s / Math.Max(1, pixels) / 255, 4))],
            StandardDeviation = [.. sums.Zip(squares, (s, q) => Math.Round(Deviation(s, q, Math.Max(1, pixels)) / 255, 4))],
        };
    }

    private static double Deviation(long sum, long squares, long count)
        => Math.Sqrt(Math.Max(0, ((double)squares / count) - ((double)sum / count * ((double)sum / count))));

    private static void AddSums(ReadOnlySpan<byte> pixels, long[] sums, long[] squares)
    {
        for (var c = 0; c < 3; c++)
        {
            var (sum, square) = (0L, 0L);
            for (var i = c; i < pixels.Length; i += 3)
            {
                sum += pixels[i];
                square += pixels[i] * pixels[i];
            }

            Interlocked.Add(ref sums[c], sum);
            Interlocked.Add(ref squares[c], square);
        }
    }

    private static string Size(List<(int Width, int Height)> sizes, bool first)
        => sizes.Count == 0 ? "no size" : first ? $"{sizes[0].Width}×{sizes[0].Height}" : $"{sizes[^1].Width}×{sizes[^1].Height}";
}
