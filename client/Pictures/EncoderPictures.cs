using SslOrleans.Learning.Numerics;
using SslOrleans.Client.Evaluation;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Data;
using SslOrleans.Learning.Evaluate;
using SslOrleans.Learning.Images;
using SslOrleans.Learning.Training;

namespace SslOrleans.Client.Pictures;

/// <summary>A picture that was written, or why it was not.</summary>
/// <param name="Name">Its file's name.</param>
/// <param name="What">What is to be seen on it.</param>
/// <param name="LeftOut">Why it is not there; null when it is.</param>
public sealed record PictureReport(string Name, string What, string? LeftOut = null);

/// <summary>Everything that can be seen of an encoder without a display: one feature pass, and a file a picture.</summary>
public sealed class EncoderPictures(EvaluateRequest order, string folder, int images) : IDisposable
{
    private const int Neighbours = 8;
    private const int MostHeads = 6;
    private static readonly (byte, byte, byte) s_same = (46, 158, 107);
    private static readonly (byte, byte, byte) s_other = (214, 69, 80);

    private EncoderSource? _source;
    private ITrainingData? _data;
    private EvaluationSet? _shown;

    private EncoderSource Source => _source!;

    /// <summary>Draws all that the encoder and the data allow.</summary>
    /// <param name="progress">Called with images seen and images in all.</param>
    /// <param name="cancellation">Ends it between blocks of images.</param>
    /// <exception cref="UserErrorException">The encoder or the data is not there.</exception>
    public async Task<IReadOnlyList<PictureReport>> Draw(Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        ThreadCount.Set(Environment.ProcessorCount);
        _source = await EncoderSource.Open(order);
        ThreadCount.Set(Environment.ProcessorCount);
        var path = order.DataPath ?? (Source.DataPath.Length > 0 ? Source.DataPath : Source.Recipe.Data.Path);
        if (path.Length == 0)
            throw new UserErrorException("No data set is named; give --data PATH.");
        _data = TrainingData.Open(Source.Recipe, DataLocations.Access(path));
        _shown = _data.Evaluation(test: true) ?? _data.Evaluation(test: false)!;
        Directory.CreateDirectory(folder);

        // The two poolings of a ViT are no further layers of it.
        var layers = Source.Encoder.Layers.Where(l => l is not ("backbone.cls" or "backbone.mean")).ToList();
        var features = await FeaturePass.Run(Source.Encoder, _data, new FeatureOrder { Layers = layers }, progress, cancellation);
        try
        {
            return
            [
                Curves(),
                Try("spectrum.svg", "singular values of each layer", () => Text(FeatureChart.Spectra($"{order.What}: spectrum", [.. features.Select(f => (f.Layer, Spectrum.Of(f.Train)))]))),
                Try("map.svg", "features on their first two principal components", () => Map(features[0])),
                Try("neighbours.png", $"a row an image, then its {Neighbours} nearest training images; green frame: same class, red: another", () => Nearest(features[0])),
                Try("reconstructions.png", "image, what the encoder sees, what it makes of the hidden patches", Reconstructions),
                Try("attention.png", "image, then where [cls] of the last block looks: mean of the heads, and each head", Attention),
            ];
        }
        finally
        {
            foreach (var layer in features)
                layer.Dispose();
        }
    }

    public void Dispose()
    {
        _data?.Dispose();
        _source?.Encoder.Dispose();
    }

    private static byte[] Text(string svg) => System.Text.Encoding.UTF8.GetBytes(svg);

    private PictureReport Try(string name, string what, Func<byte[]> draw)
    {
        try
        {
            File.WriteAllBytes(Path.Combine(folder, name), draw());
            return new PictureReport(name, what);
        }
        catch (ProbeException e)
        {
            return new PictureReport(name, what, e.Message);
        }
    }

    private PictureReport Curves() => Try("curves.svg", "loss, probes and effective rank over the steps", () =>
    {
        var metrics = Path.Combine(order.Runs, order.What, "metrics.jsonl");
        if (Source.DataPath.Length == 0 || !File.Exists(metrics))
            throw new ProbeException("only a run has curves");
        return Text(RunPicture.Draw(Training.MetricsFile.Read(metrics), order.What));
    });

    private byte[] Map(ProbeData data)
    {
        var (features, labels) = data.Test is null ? (data.Train, data.TrainLabels) : (data.Test, data.TestLabels);
        return Text(FeatureChart.Map($"{order.What}: {features.Count} images", PrincipalMap.Of(features), labels, _data!.Classes));
    }

    /// <summary>What is drawn with the samples themselves needs pictures.</summary>
    private void MustBePictures()
    {
        if (Source.Recipe.Data.Modality is var modality and not (Modality.Image or Modality.TextImage))
            throw new ProbeException($"samples of data.modality {ViewKinds.Name(modality)} are no pictures");
    }

    private byte[] Nearest(ProbeData data)
    {
        MustBePictures();
        data.MustBeFinite();
        var isTest = data.Test is not null;
        var (features, labels) = isTest ? (data.Test!, data.TestLabels) : (data.Train, data.TrainLabels);
        var rows = Chosen(features.Count, labels);
        using var queries = new FeatureMatrix(rows.Length, features.Width);
        for (var i = 0; i < rows.Length; i++)
            features.Rows(rows[i], 1).CopyTo(queries.Rows(i, 1));

        // An image of the training split is its own nearest one.
        var found = KnnProbe.Neighbours(data.Train, queries, Neighbours + (isTest ? 0 : 1), Environment.ProcessorCount);
        var train = _data!.Evaluation(test: false)!;
        var sheet = new PictureSheet(rows.Length, 1 + Neighbours, _shown!.Height);
        for (var row = 0; row < rows.Length; row++)
        {
            sheet.Paste(row, 0, Image(_shown, rows[row]));
            var column = 1;
            foreach (var neighbour in found[row].Where(n => isTest || n != rows[row]).Take(Neighbours))
            {
                (byte, byte, byte)? frame = labels is null || data.TrainLabels is null ? null : labels[rows[row]] == data.TrainLabels[neighbour] ? s_same : s_other;
                sheet.Paste(row, column++, Image(train, neighbour), frame);
            }
        }

        return ImageEncoder.Png(sheet.ToImage());
    }

    private byte[] Reconstructions()
    {
        MustBePictures();
        if (Source.DataPath.Length == 0)
            throw new ProbeException("an exported file has no decoder; name the run");
        if (!Reconstruction.IsPossible(Source.Recipe))
            throw new ProbeException($"{Source.Recipe.Method} predicts no pixels; mae and simmim do");
        var (pixels, rows) = Pixels();
        var side = _shown!.Height;
        var found = Reconstruction.Of(Source.Encoder, Source.Recipe, pixels, side);
        var sheet = new PictureSheet(rows, 3, side);
        for (var row = 0; row < rows; row++)
        {
            foreach (var (column, values) in new[] { pixels, found.Masked, found.Rebuilt }.Index())
                sheet.Paste(row, column, NormalizedPixels.ToImage(values, row, side, Source.Recipe.Normalize));
        }

        return ImageEncoder.Png(sheet.ToImage());
    }

    private byte[] Attention()
    {
        MustBePictures();
        var (pixels, rows) = Pixels();
        var (weights, heads) = Source.Encoder.Attention(pixels, _shown!.Height) ?? throw new ProbeException($"{Source.Recipe.Backbone.Name} has no attention; a ViT does");
        var patches = weights.Length / (rows * heads);
        var shown = Math.Min(heads, MostHeads);
        var sheet = new PictureSheet(rows, 2 + shown, _shown.Height);
        for (var row = 0; row < rows; row++)
        {
            var image = NormalizedPixels.ToImage(pixels, row, _shown.Height, Source.Recipe.Normalize);
            var own = weights.AsSpan(row * heads * patches, heads * patches);
            var mean = new float[patches];
            for (var i = 0; i < own.Length; i++)
                mean[i % patches] += own[i] / heads;
            sheet.Paste(row, 0, image);
            sheet.Paste(row, 1, NormalizedPixels.Light(image, mean));
            for (var head = 0; head < shown; head++)
                sheet.Paste(row, 2 + head, NormalizedPixels.Light(image, own.Slice(head * patches, patches)));
        }

        return ImageEncoder.Png(sheet.ToImage());
    }

    /// <summary>Some images, of every class in turn where classes are known.</summary>
    private int[] Chosen(int count, int[]? labels)
    {
        var classes = Enumerable.Range(0, count).GroupBy(i => labels?[i] ?? 0).OrderBy(c => c.Key);
        return [.. classes.SelectMany(c => c.Index()).OrderBy(i => i.Index).Take(images).Select(i => i.Item)];
    }

    private (float[] Pixels, int Rows) Pixels()
    {
        var rows = Chosen(_shown!.Count, _shown.Labels);
        return ([.. rows.SelectMany(row => _shown.Read(row, 1))], rows.Length);
    }

    private RgbImage Image(EvaluationSet set, int index) => NormalizedPixels.ToImage(set.Read(index, 1), 0, set.Height, Source.Recipe.Normalize);
}
