using SslOrleans.Learning.Training;

namespace SslOrleans.Learning.Evaluate;

/// <summary>What a feature pass should bring.</summary>
public sealed record FeatureOrder
{
    public IReadOnlyList<string> Layers { get; init; } = [ProbeReport.Backbone];

    /// <summary>Images of which two augmented views are encoded too; 0: none.</summary>
    public int Pairs { get; init; }

    /// <summary>Training images that are encoded in all four rotations too; 0: none.</summary>
    public int Rotations { get; init; }
}

/// <summary>One pass over the images that all probes share. Images are read while the block before is encoded.</summary>
public static class FeaturePass
{
    /// <summary>Images in a block. Part of the numerics: another number may change the last bits of a feature.</summary>
    public const int Block = 256;

    /// <summary>Features by layer; they belong to the caller.</summary>
    /// <param name="encoder">With weights.</param>
    /// <param name="data">Images.</param>
    /// <param name="order">What to encode.</param>
    /// <param name="progress">Called with images done and images in all.</param>
    /// <param name="cancellation">Ends the pass between blocks.</param>
    public static async Task<IReadOnlyList<ProbeData>> Run(
        Encoder encoder, ITrainingData data, FeatureOrder order, Action<int, int>? progress = null, CancellationToken cancellation = default)
    {
        var train = data.Evaluation(test: false) ?? throw new InvalidOperationException("Training data without a training split.");
        var test = data.Evaluation(test: true);
        var rotations = test is null ? 0 : Math.Min(order.Rotations, train.Count);
        var rotatedTest = test is null ? 0 : Math.Min(Math.Max(1, order.Rotations / 4), test.Count);
        var all = train.Count + (test?.Count ?? 0) + (2 * order.Pairs) + (rotations > 0 ? RotationProbe.Turns * (rotations + rotatedTest) : 0);
        var done = 0;
        var trainFeatures = await Encode(train.Count, train.View);
        var testFeatures = test is null ? null : await Encode(test.Count, test.View);
        var backbone = order.Layers.ToList().IndexOf(ProbeReport.Backbone);
        var paired = test is null || backbone < 0 ? null : PairedFeatures.Of(encoder, test, testFeatures![backbone]);
        IReadOnlyList<FeatureMatrix>? first = null, second = null, turnedTrain = null, turnedTest = null;
        if (order.Pairs > 0)
        {
            first = await Encode(order.Pairs, (f, n) => data.Render(f, n).Views[0]);
            second = await Encode(order.Pairs, (f, n) => data.Render(f, n).Views[1]);
        }

        if (rotations > 0)
        {
            turnedTrain = await Encode(RotationProbe.Turns * rotations, (f, n) => Turned(train, rotations, f, n));
            turnedTest = await Encode(RotationProbe.Turns * rotatedTest, (f, n) => Turned(test!, rotatedTest, f, n));
        }

        return [.. order.Layers.Select((layer, i) => new ProbeData(layer, trainFeatures[i], train.Labels, testFeatures?[i], test?.Labels)
        {
            Describe = test?.Describe,
            Paired = i == backbone ? paired : null,
            Pairs = first is null ? null : (first[i], second![i]),
            Rotations = turnedTrain is null ? null : new LabelledFeatures(turnedTrain[i], Turns(rotations), turnedTest![i], Turns(rotatedTest)),
        })];

        async Task<IReadOnlyList<FeatureMatrix>> Encode(int count, Func<int, int, ViewBuffer> read)
        {
            FeatureMatrix[]? whole = null;
            var next = Task.Run(() => read(0, Math.Min(Block, count)), cancellation);
            for (var at = 0; at < count; at += Block)
            {
                cancellation.ThrowIfCancellationRequested();
                var samples = await next;
                var from = at + Block;
                if (from < count)
                    next = Task.Run(() => read(from, Math.Min(Block, count - from)), cancellation);
                var part = encoder.Encode(samples, order.Layers);
                whole ??= [.. part.Select(p => new FeatureMatrix(count, p.Width))];
                for (var i = 0; i < part.Count; i++)
                    part[i].Rows(0, part[i].Count).CopyTo(whole[i].Rows(at, part[i].Count));
                progress?.Invoke(done += part[0].Count, all);
            }

            return whole!;
        }
    }

    /// <summary>Rotated image j of n is image j mod n with j / n quarter turns.</summary>
    private static ViewBuffer Turned(EvaluationSet images, int count, int first, int rows)
    {
        var one = 3 * images.Height * images.Width;
        var pixels = new float[rows * one];
        for (var i = 0; i < rows; i++)
        {
            var j = first + i;
            RotationProbe.Rotate(images.Read(j % count, 1), images.Height, j / count).CopyTo(pixels, i * one);
        }

        return new ViewBuffer(pixels, images.Height, images.Width);
    }

    private static int[] Turns(int count) => [.. Enumerable.Range(0, RotationProbe.Turns * count).Select(j => j / count)];
}
