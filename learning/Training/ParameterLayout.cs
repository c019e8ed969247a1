namespace SslOrleans.Learning.Training;

/// <summary>A contiguous range of whole tensors; what one parameter grain holds.</summary>
public sealed record LayoutSlice(int Index, int Offset, int Length, IReadOnlyList<TensorEntry> Entries)
{
    /// <summary>Slice number <paramref name="index"/>, of these tensors.</summary>
    public static LayoutSlice Of(int index, IReadOnlyList<TensorEntry> entries) => new(index, entries[0].Offset, entries.Sum(e => e.Length), entries);

    /// <summary>It holds the online probe, and nothing else does.</summary>
    public bool IsProbe => Entries.Count > 0 && Entries[0].Kind == TensorKind.Probe;
}

/// <summary>
/// The flat vector of a run: every parameter and every running statistic in state-dictionary order.
/// Its slices are whole tensors, and their number comes from the recipe, so that norms are local and slices never follow the workers.
/// An online probe stands behind all else and is one more slice, so that everything else is cut, summed and hashed as without it.
/// </summary>
public sealed class ParameterLayout
{
    public ParameterLayout(IReadOnlyList<TensorEntry> entries, int slices)
    {
        Entries = entries;
        Length = entries.Sum(e => e.Length);
        var own = entries.Where(e => e.Kind != TensorKind.Probe).ToList();
        var probe = entries.Skip(own.Count).ToList();
        var cut = Cut(own, own.Sum(e => e.Length), Math.Min(slices, own.Count));
        if (probe.Count > 0)
            cut.Add(LayoutSlice.Of(cut.Count, probe));
        Slices = cut;
    }

    public IReadOnlyList<TensorEntry> Entries { get; }

    /// <summary>Elements in the flat vector.</summary>
    public int Length { get; }

    public IReadOnlyList<LayoutSlice> Slices { get; }

    /// <summary>How many of the first slices the hash of a version covers: all but the probe's.</summary>
    public int HashedSlices => Slices.Count(s => !s.IsProbe);

    /// <summary>Elements that the optimiser trains.</summary>
    public long TrainedLength => Entries.Where(e => e.Kind == TensorKind.Trained).Sum(e => (long)e.Length);

    /// <summary>True when a teacher follows some of it.</summary>
    public bool HasTeacher => Entries.Any(e => e.Followed);

    private static List<LayoutSlice> Cut(IReadOnlyList<TensorEntry> entries, int length, int slices)
    {
        var cut = new List<LayoutSlice>();
        var first = 0;
        for (var s = 0; s < slices; s++)
        {
            var target = (long)length * (s + 1) / slices;
            var last = first;
            while (last < entries.Count - (slices - s - 1) - 1 && Middle(entries[last + 1]) <= target)
                last++;
            if (s == slices - 1)
                last = entries.Count - 1;
            var own = entries.Skip(first).Take(last - first + 1).ToList();
            cut.Add(LayoutSlice.Of(s, own));
            first = last + 1;
        }

        return cut;

        static long Middle(TensorEntry e) => e.Offset + (e.Length / 2);
    }
}
