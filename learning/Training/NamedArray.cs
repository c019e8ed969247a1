namespace SslOrleans.Learning.Training;

/// <summary>A tensor's values in row-major order, off any device: what travels between workers and grains.</summary>
/// <param name="Name">Name of the embedding or state.</param>
/// <param name="Shape">Rows first.</param>
/// <param name="Values">Row-major.</param>
/// <param name="RequiresGradient">The loss needs its gradient.</param>
public sealed record NamedArray(string Name, long[] Shape, float[] Values, bool RequiresGradient)
{
    /// <summary>Puts the same-named arrays of several micro-batches together, rows in the order given.</summary>
    public static IReadOnlyList<NamedArray> Concatenate(IReadOnlyList<IReadOnlyList<NamedArray>> parts)
    {
        var first = parts[0];
        var whole = new List<NamedArray>(first.Count);
        for (var i = 0; i < first.Count; i++)
        {
            var values = new float[parts.Sum(p => p[i].Values.Length)];
            var at = 0;
            foreach (var part in parts)
            {
                if (part[i].Name != first[i].Name)
                    throw new InvalidOperationException($"Micro-batches disagree about their embeddings: {first[i].Name} and {part[i].Name}.");
                part[i].Values.CopyTo(values, at);
                at += part[i].Values.Length;
            }

            long[] shape = [parts.Sum(p => p[i].Shape[0]), .. first[i].Shape.Skip(1)];
            whole.Add(first[i] with { Shape = shape, Values = values });
        }

        return whole;
    }

    /// <summary>Cuts the rows into equal parts, one per micro-batch.</summary>
    public IReadOnlyList<NamedArray> Split(int parts)
    {
        var rows = Shape[0] / parts;
        var length = Values.Length / parts;
        return [.. Enumerable.Range(0, parts).Select(p => this with { Shape = [rows, .. Shape.Skip(1)], Values = Values[(p * length)..((p + 1) * length)] })];
    }
}
