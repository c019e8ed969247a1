namespace SslOrleans.Learning.Training;

/// <summary>How a tensor changes at a commit.</summary>
public enum TensorKind
{
    /// <summary>By the optimiser.</summary>
    Trained,

    /// <summary>Never (K50's frozen patch projection).</summary>
    Frozen,

    /// <summary>A running mean or variance of batch norm: moved towards the step's batch statistic.</summary>
    Statistic,
}

/// <summary>One tensor's place in the flat vector.</summary>
/// <param name="Name">Key in the state dictionary; the teacher's statistics carry the prefix <c>teacher.</c>.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Offset">First element in the flat vector.</param>
/// <param name="Length">Number of elements.</param>
/// <param name="Kind">How it changes.</param>
/// <param name="Followed">The teacher follows it by EMA.</param>
public sealed record TensorEntry(string Name, IReadOnlyList<long> Shape, int Offset, int Length, TensorKind Kind, bool Followed)
{
    /// <summary>Prefix of the teacher's own batch-norm statistics.</summary>
    public const string TeacherPrefix = "teacher.";

    /// <summary>First part of the name: backbone, projector, predictor …</summary>
    public string Group => Name[..Name.IndexOf('.')];

    /// <summary>A bias or a norm parameter: one dimension.</summary>
    public bool IsBiasOrNorm => Shape.Count <= 1;
}

/// <summary>A contiguous range of whole tensors; what one parameter grain holds.</summary>
public sealed record LayoutSlice(int Index, int Offset, int Length, IReadOnlyList<TensorEntry> Entries);

/// <summary>
/// The flat vector of a run: every parameter and every running statistic in state-dictionary order.
/// Its slices are whole tensors, and their number comes from the recipe, so that norms are local and slices never follow the workers.
/// </summary>
public sealed class ParameterLayout
{
    public ParameterLayout(IReadOnlyList<TensorEntry> entries, int slices)
    {
        Entries = entries;
        Length = entries.Sum(e => e.Length);
        Slices = Cut(entries, Length, Math.Min(slices, entries.Count));
    }

    public IReadOnlyList<TensorEntry> Entries { get; }

    /// <summary>Elements in the flat vector.</summary>
    public int Length { get; }

    public IReadOnlyList<LayoutSlice> Slices { get; }

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
            cut.Add(new LayoutSlice(s, own[0].Offset, own.Sum(e => e.Length), own));
            first = last + 1;
        }

        return cut;

        static long Middle(TensorEntry e) => e.Offset + (e.Length / 2);
    }
}
