using SslOrleans.Contracts;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Simulation;

/// <summary>Tensor shapes of well-known backbones, so that their slices can be cut without building them.</summary>
public static class ModelShapes
{
    /// <summary>Names that <see cref="Layout"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = ["conv4", "resnet18", "resnet50", "vit-s", "vit-b", "vit-l"];

    /// <summary>The backbone's flat vector, cut into slices as a run's would be.</summary>
    /// <exception cref="UserErrorException">The name is unknown.</exception>
    public static ParameterLayout Layout(string model, int slices)
    {
        var entries = new List<TensorEntry>();
        var offset = 0;
        foreach (var shape in Shapes(model))
        {
            var length = checked((int)shape.Aggregate(1L, (a, b) => a * b));
            entries.Add(new TensorEntry($"backbone.{entries.Count}", shape, offset, length, TensorKind.Trained, Followed: false));
            offset += length;
        }

        return new ParameterLayout(entries, slices);
    }

    private static IEnumerable<long[]> Shapes(string model) => model switch
    {
        "conv4" => [.. Convolution(32, 3, 3), .. Convolution(64, 32, 3), .. Convolution(128, 64, 3), .. Convolution(256, 128, 3)],
        "resnet18" => ResNet(bottleneck: false, [2, 2, 2, 2]),
        "resnet50" => ResNet(bottleneck: true, [3, 4, 6, 3]),
        "vit-s" => Vit(384, 12),
        "vit-b" => Vit(768, 12),
        "vit-l" => Vit(1024, 24),
        _ => throw new UserErrorException($"--model is \"{model}\"; use one of {string.Join(", ", Names)}."),
    };

    /// <summary>Patches of 16 pixels of a 224-pixel image, a class token, no classifier.</summary>
    private static IEnumerable<long[]> Vit(long width, int depth)
    {
        yield return [1, 1, width];
        yield return [1, 197, width];
        yield return [width, 3, 16, 16];
        yield return [width];
        for (var block = 0; block < depth; block++)
        {
            foreach (var (rows, columns) in new[] { (0L, width), (3 * width, width), (width, width), (0L, width), (4 * width, width), (width, 4 * width) })
            {
                yield return rows == 0 ? [columns] : [rows, columns];
                yield return [rows == 0 ? columns : rows];
            }
        }

        yield return [width];
        yield return [width];
    }

    /// <summary>Weights and batch-norm scale and shift, no classifier.</summary>
    private static IEnumerable<long[]> ResNet(bool bottleneck, int[] depths)
    {
        foreach (var shape in Convolution(64, 3, 7))
            yield return shape;
        long input = 64;
        for (var stage = 0; stage < depths.Length; stage++)
        {
            var width = 64L << stage;
            var output = bottleneck ? 4 * width : width;
            for (var block = 0; block < depths[stage]; block++)
            {
                var parts = bottleneck
                    ? new[] { (width, input, 1L), (width, width, 3L), (output, width, 1L) }
                    : [(width, input, 3L), (width, width, 3L)];
                foreach (var shape in parts.SelectMany(p => Convolution(p.Item1, p.Item2, p.Item3)))
                    yield return shape;
                if (input != output)
                {
                    foreach (var shape in Convolution(output, input, 1))
                        yield return shape;
                }

                input = output;
            }
        }
    }

    private static long[][] Convolution(long output, long input, long size) => [[output, input, size, size], [output], [output]];
}
