using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Data;

/// <summary>Captions of painted shapes: the same fact in several words, so that a text encoder has something to learn.</summary>
internal static class ShapeCaptions
{
    private static readonly string[][] s_shapes = [["disc", "filled circle"], ["square", "box"], ["triangle", "three-cornered shape"], ["cross", "plus sign"], ["ring", "hollow circle"]];

    private static readonly string[][] s_textures =
    [
        ["striped", "with stripes"], ["checked", "with a chessboard pattern"], ["dotted", "with dots"], ["plain", "of one colour"], ["grooved", "with round grooves"],
    ];

    private static readonly string[][] s_sizes = [["small", "little"], ["", ""], ["large", "big"]];

    private static readonly string[] s_frames = ["a picture of {0}", "{0}", "this is {0}", "{0} on a ground", "an image that shows {0}"];

    /// <param name="shape">Index in <see cref="ShapePainter.Shapes"/>.</param>
    /// <param name="texture">Index in <see cref="ShapePainter.Textures"/>.</param>
    /// <param name="size">0, the smallest, to 1, the largest.</param>
    /// <param name="random">Which words.</param>
    public static string Of(int shape, int texture, float size, ref RandomStream random)
    {
        var noun = Word(s_shapes[shape], ref random);
        var bigness = Word(s_sizes[Math.Clamp((int)(size * 3), 0, 2)], ref random);
        var before = random.NextBool(0.5f);
        var words = before ? new[] { "a", bigness, s_textures[texture][0], noun } : ["a", bigness, noun, s_textures[texture][1]];
        var thing = string.Join(' ', words.Where(w => w.Length > 0));
        return string.Format(System.Globalization.CultureInfo.InvariantCulture, Word(s_frames, ref random), thing);
    }

    private static string Word(string[] words, ref RandomStream random) => words[(int)random.NextUInt32((uint)words.Length)];
}
