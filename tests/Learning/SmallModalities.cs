using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Text;
using SslOrleans.Learning.Training;

namespace SslOrleans.Learning.Tests;

/// <summary>Smallest runs of the methods that learn from more than pictures.</summary>
internal static class SmallModalities
{
    private const string Captions = """ "data": { "modality": "text-image" }, "text": { "vocabulary": 300 }, "optimizer": { "name": "adamw", "learningRate": 0.002, "scaling": "none" } """;
    private const string Table = """ "data": { "modality": "table" }, "backbone": { "name": "table-mlp-small" }, "optimizer": { "name": "adamw", "learningRate": 0.002, "scaling": "none" }, "table": { "label": "class", "columns": [ { "name": "n1", "standardDeviation": 1 }, { "name": "n2", "standardDeviation": 1 }, { "name": "noise1", "standardDeviation": 1 }, { "name": "word1", "type": "categorical", "words": ["amber", "birch", "cedar", "delta"] } ] } """;
    private const string Sentences = """ "data": { "modality": "text" }, "text": { "vocabulary": 300, "dropout": 0.1 }, "backbone": { "name": "text-nano", "pooling": "mean" }, "optimizer": { "name": "adamw", "learningRate": 0.002, "scaling": "none" } """;
    private const string Text = """ { "kind": "text", "text": { "length": 8 } } """;

    public static IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
    {
        ["clip"] = $$""" { {{Captions}}, "views": [ { "count": 1 }, {{Text}} ] } """,
        ["align"] = $$""" { {{Captions}}, "views": [ { "count": 1 }, {{Text}} ] } """,
        ["lit"] = $$""" { {{Captions}}, "projector": { "shape": "" }, "views": [ { "count": 1 }, {{Text}} ] } """,
        ["slip"] = $$""" { {{Captions}}, "predictor": { "shape": "16-8", "batchNorm": true }, "views": [ { "count": 3 }, {{Text}} ] } """,
        ["mlm"] = $$""" { {{Sentences}}, "views": [ {{Text}}, { "kind": "text", "text": { "length": 8, "mask": 0.3 } } ] } """,
        ["simcse"] = $$""" { {{Sentences}}, "views": [ {{Text}} ] } """,
        ["scarf"] = $$""" { {{Table}}, "views": [ { "kind": "row" }, { "kind": "row", "row": { "corruption": 0.6 } } ] } """,
        ["vime"] = $$""" { {{Table}}, "views": [ { "kind": "row" }, { "kind": "row", "row": { "corruption": 0.3, "choice": "each" } } ] } """,
        ["subtab"] = $$""" { {{Table}}, "views": [ { "kind": "row" }, { "kind": "row", "count": 3, "row": { "groups": 3, "overlap": 0.5 } } ] } """,
    };

    /// <summary>A view that is no picture; a pure function of sample, epoch and view.</summary>
    public static ViewBuffer View(Recipe recipe, ViewRecipe settings, long firstPosition, long[] ids, int view)
    {
        return settings.Kind == ViewKind.Row ? Row(recipe, firstPosition, ids, view) : Tokens(settings, firstPosition, ids, view);
    }

    private static ViewBuffer Row(Recipe recipe, long firstPosition, long[] ids, int view)
    {
        var columns = recipe.Table.Used;
        var cells = new float[ids.Length * columns.Count];
        for (var i = 0; i < cells.Length; i++)
        {
            var (row, column) = (i / columns.Count, i % columns.Count);
            var random = new RandomStream(1, Purpose.View, (firstPosition + row) / SmallRun.Samples, ids[row], (view * 100) + column);
            cells[i] = random.NextBool(0.2f) ? float.NaN : columns[column].Words.Count > 0 ? random.NextUInt32((uint)columns[column].Words.Count) : random.NextNormal() + (ids[row] % 3);
        }

        return new ViewBuffer(cells, [columns.Count]);
    }

    private static ViewBuffer Tokens(ViewRecipe settings, long firstPosition, long[] ids, int view)
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

        if (settings.Text.Mask == 0)
            return new ViewBuffer(tokens, [length]);

        // The tokens of the view before, some of them hidden.
        var hidden = new bool[tokens.Length];
        var whole = Tokens(settings with { Text = settings.Text with { Mask = 0 } }, firstPosition, ids, view - 1).Tokens!;
        for (var row = 0; row < ids.Length; row++)
            TokenMask.Draw(whole.AsSpan(row * length, length), hidden.AsSpan(row * length, length), settings.Text.Mask, 300, new RandomStream(1, Purpose.Mask, (firstPosition + row) / SmallRun.Samples, ids[row], view));
        return new ViewBuffer(whole, [length], hidden);
    }
}
