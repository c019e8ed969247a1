using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Data.Tables;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Training;

/// <summary>Draws a view of a row: some of its cells take the values that other rows have in the same columns.</summary>
internal static class RowViews
{
    /// <param name="rows">The training rows; their cells in a column are its empirical marginal.</param>
    /// <param name="settings">How much is replaced, and how it is chosen.</param>
    /// <param name="group">Number of the view among those of its group in the recipe.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="position">Sample and epoch.</param>
    /// <param name="view">The view's number, which counts its draws.</param>
    /// <param name="target">C cells.</param>
    public static void Draw(TableRows rows, RowViewRecipe settings, int group, ulong seed, SamplePosition position, int view, Span<float> target)
    {
        rows[position.SampleId].CopyTo(target);
        var random = new RandomStream(seed, Purpose.View, position.Epoch, position.SampleId, view);
        if (settings.Choice == CellChoice.Count)
            ReplaceCount(rows, settings.Corruption, ref random, target);
        else if (settings.Choice == CellChoice.Row)
            ReplaceFromRow(rows, settings.Corruption, ref random, target);
        else
            ReplaceEach(rows, settings.Corruption, ref random, target);
        if (settings.Groups > 1)
            KeepGroup(settings, group % settings.Groups, target);
    }

    /// <summary>SCARF: ⌊c·C⌋ cells, evenly chosen (Fisher–Yates), each from a row of its own.</summary>
    private static void ReplaceCount(TableRows rows, double share, ref RandomStream random, Span<float> target)
    {
        var count = (int)(share * target.Length);
        Span<int> columns = target.Length <= 1024 ? stackalloc int[target.Length] : new int[target.Length];
        for (var c = 0; c < columns.Length; c++)
            columns[c] = c;
        for (var i = 0; i < count; i++)
        {
            var j = i + (int)random.NextUInt32((uint)(columns.Length - i));
            (columns[i], columns[j]) = (columns[j], columns[i]);
            target[columns[i]] = rows[(int)random.NextUInt32((uint)rows.Count)][columns[i]];
        }
    }

    /// <summary>VIME: each cell with this probability, from a row of its own.</summary>
    private static void ReplaceEach(TableRows rows, double probability, ref RandomStream random, Span<float> target)
    {
        for (var c = 0; c < target.Length; c++)
        {
            if (random.NextBool((float)probability))
                target[c] = rows[(int)random.NextUInt32((uint)rows.Count)][c];
        }
    }

    /// <summary>SAINT: each cell with this probability, all from one row.</summary>
    private static void ReplaceFromRow(TableRows rows, double probability, ref RandomStream random, Span<float> target)
    {
        var other = rows[(int)random.NextUInt32((uint)rows.Count)];
        for (var c = 0; c < target.Length; c++)
        {
            if (random.NextBool((float)probability))
                target[c] = other[c];
        }
    }

    /// <summary>SubTab: of equal neighbouring groups of columns one is kept, with a share of the next; the others are missing.</summary>
    private static void KeepGroup(RowViewRecipe settings, int group, Span<float> target)
    {
        var first = group * target.Length / settings.Groups;
        var size = ((group + 1) * target.Length / settings.Groups) - first;
        var kept = size + (int)Math.Round(settings.Overlap * size);
        for (var c = 0; c < target.Length; c++)
        {
            if ((c - first + target.Length) % target.Length >= kept)
                target[c] = float.NaN;
        }
    }
}
