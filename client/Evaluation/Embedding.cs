using SslOrleans.Learning.Numerics;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Data;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Evaluate;
using SslOrleans.Learning.Training;

namespace SslOrleans.Client.Evaluation;

/// <summary>Features of every image of a split, with the images' names and labels.</summary>
/// <param name="Layers">Features <c>[N, D]</c> by layer.</param>
/// <param name="Patches">Features of the places <c>[N, P·D]</c>; null where they were not asked for.</param>
/// <param name="Places">P.</param>
/// <param name="Names">Of the images, in order.</param>
/// <param name="Labels">−1 where an image has none; null where no image has one.</param>
/// <param name="Classes">Names of the classes in label order; empty when nothing names them.</param>
/// <param name="Replaced">Images that do not decode, with the reason: their rows are the next image's.</param>
public sealed record Embedded(
    IReadOnlyList<(string Name, FeatureMatrix Features)> Layers,
    FeatureMatrix? Patches,
    int Places,
    IReadOnlyList<string> Names,
    long[]? Labels,
    IReadOnlyList<string> Classes,
    IReadOnlyDictionary<string, string> Replaced) : IDisposable
{
    public void Dispose()
    {
        foreach (var (_, features) in Layers)
            features.Dispose();
        Patches?.Dispose();
    }
}

/// <summary>One pass of an encoder over a split, cropped in the middle, without augmentation.</summary>
public static class Embedding
{
    /// <param name="source">The encoder.</param>
    /// <param name="path">Where the images are.</param>
    /// <param name="split">Which of them.</param>
    /// <param name="limit">First N images; 0: all, whatever the recipe trained on.</param>
    /// <param name="layers">Names that <see cref="Encoder.Layers"/> has.</param>
    /// <param name="patches">Also the features of the places.</param>
    /// <param name="screen">For the progress.</param>
    /// <param name="cancellation">Ends the pass between blocks.</param>
    /// <exception cref="UserErrorException">Data or layer are not there.</exception>
    public static async Task<Embedded> Run(
        EncoderSource source, string path, string split, int limit, IReadOnlyList<string> layers, bool patches, Screen screen, CancellationToken cancellation)
    {
        ThreadCount.Set(Environment.ProcessorCount);
        var (encoder, recipe) = (source.Encoder, source.Recipe);
        if (recipe.Data.Modality is not (Modality.Image or Modality.TextImage))
            return patches
                ? throw new UserErrorException($"--patches gives features of the places of a picture; leave it out for data.modality {ViewKinds.Name(recipe.Data.Modality)}.")
                : await OfSamples(source, path, split, limit, layers, screen, cancellation);
        using var images = DataLocations.OpenSource(path, split, new SourceOptions { Limit = limit, Bits = recipe.Data.Bits, Channels = recipe.Data.ChosenChannels() });
        SixteenBits.Check(images, recipe.Data.Bits, recipe.Data.ChosenChannels());
        var settings = ViewSettings.Evaluation(ViewPlans.Of(recipe)[0].Crop.Size, ViewPlans.Normalization(recipe));
        var (whole, places, each) = (new List<FeatureMatrix>(), (FeatureMatrix?)null, 0);
        await Progress.Run(screen, $"embedding {split}", images.Count, done => $"{done:0} of {images.Count}", async progress =>
        {
            for (var first = 0; first < images.Count; first += FeaturePass.Block)
            {
                cancellation.ThrowIfCancellationRequested();
                var count = Math.Min(FeaturePass.Block, images.Count - first);
                var pixels = new float[count * settings.Length];
                var from = first;
                await Task.Run(() => Parallel.For(0, count, i => ViewRenderer.Render(images.Read(from + i), settings, 0, 0, from + i, 0, pixels.AsSpan(i * settings.Length, settings.Length))), cancellation);
                var found = encoder.Encode(pixels, settings.Crop.Size, settings.Crop.Size, layers);
                for (var l = 0; l < found.Count; l++)
                {
                    if (first == 0)
                        whole.Add(new FeatureMatrix(images.Count, found[l].Width));
                    found[l].Rows(0, count).CopyTo(whole[l].Rows(first, count));
                }

                if (patches)
                {
                    (var values, each) = encoder.Places(pixels, settings.Crop.Size);
                    places ??= new FeatureMatrix(images.Count, values.Length / count);
                    values.CopyTo(places.Rows(first, count));
                }

                progress.Report(first + count);
            }

            return true;
        });
        var labels = Enumerable.Range(0, images.Count).Select(i => (long)(images.Label(i) ?? -1)).ToArray();
        return new Embedded(
            [.. layers.Zip(whole)],
            places,
            each,
            [.. Enumerable.Range(0, images.Count).Select(images.Key)],
            labels.Any(l => l >= 0) ? labels : null,
            images.Classes,
            images.Undecodable.OrderBy(u => u.Key).ToDictionary(u => images.Key(u.Key), u => u.Value));
    }

    /// <summary>Samples that are no pictures, named by their number.</summary>
    private static async Task<Embedded> OfSamples(EncoderSource source, string path, string split, int limit, IReadOnlyList<string> layers, Screen screen, CancellationToken cancellation)
    {
        var recipe = source.Recipe;
        using var data = TrainingData.Open(recipe with { Data = recipe.Data with { Limit = 0, TestSplit = split, TestLimit = limit } }, DataLocations.Access(path));
        var set = split == recipe.Data.Split && limit == 0 ? data.Evaluation(test: false) : data.Evaluation(test: true);
        if (set is null)
            throw new UserErrorException($"{path} has no split '{split}'; name another with --split.");
        var whole = new List<FeatureMatrix>();
        await Progress.Run(screen, $"embedding {split}", set.Count, done => $"{done:0} of {set.Count}", async progress =>
        {
            for (var first = 0; first < set.Count; first += FeaturePass.Block)
            {
                cancellation.ThrowIfCancellationRequested();
                var count = Math.Min(FeaturePass.Block, set.Count - first);
                var from = first;
                var found = await Task.Run(() => source.Encoder.Encode(set.View(from, count), layers), cancellation);
                for (var l = 0; l < found.Count; l++)
                {
                    if (first == 0)
                        whole.Add(new FeatureMatrix(set.Count, found[l].Width));
                    found[l].Rows(0, count).CopyTo(whole[l].Rows(first, count));
                }

                progress.Report(first + count);
            }

            return true;
        });
        return new Embedded(
            [.. layers.Zip(whole)], null, 0, [.. Enumerable.Range(0, set.Count).Select(i => $"{i}")], set.Labels is null ? null : Array.ConvertAll(set.Labels, l => (long)l), data.Classes, new Dictionary<string, string>());
    }
}
