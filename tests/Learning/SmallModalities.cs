using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Augment;
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

    private const string Sounds = """ "data": { "modality": "audio" }, "sound": { "bands": 8, "window": 64, "hop": 32 }, "optimizer": { "name": "adamw", "learningRate": 0.002, "scaling": "none" } """;
    private const string Videos = """ "data": { "modality": "video" }, "optimizer": { "name": "adamw", "learningRate": 0.002, "scaling": "none" } """;
    private const string GridDecoder = """ "loss": { "decoderWidth": 16, "decoderDepth": 1, "decoderHeads": 2 }, "projector": { "shape": "" } """;

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
        ["cola"] = $$""" { {{Sounds}}, "views": [ { "kind": "spectrogram", "count": 2, "spectrogram": { "frames": 8, "gain": 6, "timeMasks": 1 } } ] } """,
        ["audiomae"] = $$""" { {{Sounds}}, {{GridDecoder}}, "backbone": { "name": "vit-nano", "patchSize": 4 }, "views": [ { "kind": "spectrogram", "spectrogram": { "frames": 16, "mask": { "kind": "bands", "ratio": 0.5 } } } ] } """,
        ["videomae"] = $$""" { {{Videos}}, {{GridDecoder}}, "backbone": { "name": "vit-nano", "patchSize": 4 }, "views": [ { "kind": "clip", "crop": { "size": 8 }, "clip": { "frames": 4, "mask": { "kind": "tube", "ratio": 0.5 } } } ] } """,
        ["saint"] = $$""" { {{Table.Replace("table-mlp-small", "saint-nano", StringComparison.Ordinal)}}, "projector": { "shape": "16-8" }, "predictor": { "shape": "16-8" }, "views": [ { "kind": "row" }, { "kind": "row", "row": { "corruption": 0.3, "choice": "row" } } ] } """,
        ["skipgram"] = $$""" { {{Sentences.Replace("text-nano", "text-bag-small", StringComparison.Ordinal)}}, "loss": { "pairs": 5 }, "projector": { "shape": "" }, "views": [ {{Text}} ] } """,
        ["subtab"] = $$""" { {{Table}}, "views": [ { "kind": "row" }, { "kind": "row", "count": 3, "row": { "groups": 3, "overlap": 0.5 } } ] } """,
    };

    /// <summary>A view that is no picture; a pure function of sample, epoch and view.</summary>
    public static ViewBuffer View(Recipe recipe, ViewRecipe settings, long firstPosition, long[] ids, int view)
    {
        return settings.Kind switch
        {
            ViewKind.Row => Row(recipe, firstPosition, ids, view),
            ViewKind.Clip => Clip(recipe, settings, firstPosition, ids, view),
            ViewKind.Spectrogram => Spectrogram(recipe, settings, firstPosition, ids, view),
            _ => Tokens(settings, firstPosition, ids, view),
        };
    }

    private static ViewBuffer Spectrogram(Recipe recipe, ViewRecipe settings, long firstPosition, long[] ids, int view)
    {
        var (bands, frames, patch) = (recipe.Sound.Bands, settings.Spectrogram.Frames, recipe.Backbone.PatchSize);
        var values = Noise(bands * frames, firstPosition, ids, view, (id, i) => i / frames % 3 == id % 3 ? 1 : 0);
        var hidden = Hidden(firstPosition, ids, view, random => GridMasks.Draw(settings.Spectrogram.Mask, bands / patch, frames / patch, random));
        return new ViewBuffer(values, [1, bands, frames], settings.Spectrogram.Mask.Kind == SpectrogramMaskKind.None ? null : hidden);
    }

    private static ViewBuffer Clip(Recipe recipe, ViewRecipe settings, long firstPosition, long[] ids, int view)
    {
        var (frames, side, clip) = (settings.Clip.Frames, settings.Crop.Size, settings.Clip);
        var values = Noise(frames * 3 * side * side, firstPosition, ids, view, (id, i) => i / (side * side) % 3 == id % 3 ? 1 : 0);
        var (layers, places) = (frames / recipe.Backbone.TubeletFrames, side / recipe.Backbone.PatchSize * (side / recipe.Backbone.PatchSize));
        return new ViewBuffer(values, [frames, 3, side, side], clip.Mask.Kind == ClipMaskKind.None ? null : Hidden(firstPosition, ids, view, random => GridMasks.Draw(clip.Mask, layers, places, random)));
    }

    /// <summary>Noise around a class's means.</summary>
    private static float[] Noise(int length, long firstPosition, long[] ids, int view, Func<long, int, float> mean) => [.. ids.Index().SelectMany(id =>
    {
        var random = new RandomStream(1, Purpose.View, (firstPosition + id.Index) / SmallRun.Samples, id.Item, view);
        var values = new float[length];
        for (var i = 0; i < length; i++)
            values[i] = (0.5f * random.NextNormal()) + mean(id.Item, i);
        return values;
    })];

    private static bool[] Hidden(long firstPosition, long[] ids, int view, Func<RandomStream, bool[]> draw)
        => [.. ids.Index().SelectMany(id => draw(new RandomStream(1, Purpose.Mask, (firstPosition + id.Index) / SmallRun.Samples, id.Item, view)))];

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
