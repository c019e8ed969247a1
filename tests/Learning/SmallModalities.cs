using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Text;
using SslOrleans.Learning.Training;

namespace SslOrleans.Learning.Tests;

/// <summary>Smallest runs of the methods that learn from more than pictures.</summary>
internal static class SmallModalities
{
    private const string Captions = """ "data": { "modality": "text-image" }, "text": { "vocabulary": 300 }, "optimizer": { "name": "adamw", "learningRate": 0.002, "scaling": "none" } """;
    private const string Text = """ { "kind": "text", "text": { "length": 8 } } """;

    public static IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
    {
        ["clip"] = $$""" { {{Captions}}, "views": [ { "count": 1 }, {{Text}} ] } """,
        ["align"] = $$""" { {{Captions}}, "views": [ { "count": 1 }, {{Text}} ] } """,
        ["lit"] = $$""" { {{Captions}}, "projector": { "shape": "" }, "views": [ { "count": 1 }, {{Text}} ] } """,
        ["slip"] = $$""" { {{Captions}}, "predictor": { "shape": "16-8", "batchNorm": true }, "views": [ { "count": 3 }, {{Text}} ] } """,
    };

    /// <summary>A view that is no picture; a pure function of sample, epoch and view.</summary>
    public static ViewBuffer View(Recipe recipe, ViewRecipe settings, long firstPosition, long[] ids, int view)
    {
        var length = settings.Text.Length;
        var tokens = new long[ids.Length * length];
        for (var row = 0; row < ids.Length; row++)
        {
            var random = new RandomStream(1, Purpose.View, (firstPosition + row) / SmallRun.Samples, ids[row], view);
            var own = tokens.AsSpan(row * length, length);
            own[0] = TextTokenizer.Start;
            var words = 2 + (int)random.NextUInt32((uint)length - 3);
            for (var i = 1; i < words; i++)
                own[i] = TextTokenizer.Marks + (ids[row] % 3 * 20) + random.NextUInt32(20);
            own[words] = TextTokenizer.End;
        }

        return new ViewBuffer(tokens, [length]);
    }
}
