using System.Globalization;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Training;

/// <summary>What is odd about a data set and stops nothing, told when a training begins: a few images, evenly over the set, are looked at.</summary>
public static class DataNotes
{
    /// <summary>How the sentences about files begin: what was ignored, what is not there.</summary>
    public const string OfFiles = "data: ";

    private const int Sample = 16;

    /// <summary>Means further than this from the recipe's, of 1, are told.</summary>
    private const double FarMean = 0.25;

    /// <summary>Deviations so many times the recipe's, or so many times below, are told.</summary>
    private const double FarDeviation = 3;

    /// <param name="source">The training split.</param>
    /// <param name="recipe">What it is normalised by.</param>
    /// <returns>One sentence each; none when nothing is odd.</returns>
    public static IReadOnlyList<string> Of(IImageSource source, Recipe recipe)
    {
        var count = Math.Min(Sample, source.Count);
        var images = new List<RgbImage>();
        var kinds = new List<ImageKind>();
        for (var i = 0; i < count; i++)
        {
            var at = (int)((long)i * source.Count / count);
            images.Add(source.Read(at));
            kinds.Add(ImageKinds.Of(source.ReadEncoded(at)));
        }

        var channels = Enumerable.Range(0, 3).Select(c => Statistics(images, c)).ToArray();
        List<string> notes = [.. source.Notes.Select(n => $"{OfFiles}{n}"), .. Looks(images, channels), .. Classes(source), .. ImageKinds.Describe(kinds)];
        if (channels.All(c => c.Deviation > 0))
            notes.AddRange(Normalization(recipe, count, channels));
        return notes;
    }

    private static IEnumerable<string> Looks(List<RgbImage> images, (double Mean, double Deviation)[] channels)
    {
        if (images.Count > 1 && images.All(i => i.Pixels.SequenceEqual(images[0].Pixels)))
            yield return $"the {images.Count} images that were looked at are all the same picture; there is nothing to learn from them";
        else if (images.All(IsOneColour))
            yield return $"each of the {images.Count} images that were looked at is of one colour; there is nothing to learn from them but it";
        else if (Enumerable.Range(0, 3).FirstOrDefault(c => channels[c].Deviation == 0, -1) is >= 0 and var dead)
            yield return $"the {Name(dead)} channel of the {images.Count} images that were looked at is {Number(channels[dead].Mean)} everywhere";
    }

    private static IEnumerable<string> Normalization(Recipe recipe, int count, (double Mean, double Deviation)[] channels)
    {
        for (var c = 0; c < 3; c++)
        {
            var (mean, deviation) = (recipe.Normalize.Mean[c], recipe.Normalize.StandardDeviation[c]);
            if (Math.Abs(channels[c].Mean - mean) <= FarMean && channels[c].Deviation <= deviation * FarDeviation && channels[c].Deviation >= deviation / FarDeviation)
                continue;
            yield return $"the {count} images that were looked at have mean {List(channels.Select(s => s.Mean))} and deviation {List(channels.Select(s => s.Deviation))}, far from normalize.mean {List(recipe.Normalize.Mean)} and "
                + $"normalize.standardDeviation {List(recipe.Normalize.StandardDeviation)}; `sslo data inspect` prints the --set that takes the data set's";
            yield break;
        }
    }

    private static IEnumerable<string> Classes(IImageSource source)
    {
        if (source.Count > 1 && source.Label(0) is { } first && Enumerable.Range(1, source.Count - 1).All(i => source.Label(i) == first))
            yield return $"all {source.Count} images are of class {(first < source.Classes.Count ? source.Classes[first] : $"{first}")}; probes that compare classes say nothing about them";
    }

    private static bool IsOneColour(RgbImage image)
    {
        var pixels = image.Pixels;
        for (var i = 3; i < pixels.Length; i++)
        {
            if (pixels[i] != pixels[i - 3])
                return false;
        }

        return true;
    }

    /// <summary>Mean and deviation of a channel, 0 … 1.</summary>
    private static (double Mean, double Deviation) Statistics(List<RgbImage> images, int channel)
    {
        var (sum, squares, n) = (0L, 0L, 0L);
        foreach (var image in images)
        {
            var pixels = image.Pixels;
            for (var i = channel; i < pixels.Length; i += 3)
            {
                sum += pixels[i];
                squares += pixels[i] * pixels[i];
                n++;
            }
        }

        var mean = (double)sum / n;
        return (mean / 255, Math.Sqrt(Math.Max(0, ((double)squares / n) - (mean * mean))) / 255);
    }

    private static string Name(int channel) => channel switch { 0 => "red", 1 => "green", _ => "blue" };

    private static string Number(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);

    private static string List(IEnumerable<double> values) => $"[{string.Join(", ", values.Select(Number))}]";
}
