using SslOrleans.Learning.Optim;

namespace SslOrleans.Learning.Training;

/// <summary>
/// The EMA teacher's values at the offsets of a slice, or of the whole flat vector on a worker: the same code in both places,
/// so both have the same bits. Tensors that the teacher does not follow stay as they were.
/// </summary>
public sealed class TeacherState
{
    private readonly IReadOnlyList<TensorEntry> _followed;
    private readonly int _offset;

    /// <param name="entries">Tensors of the range.</param>
    /// <param name="offset">First element of the range in the flat vector.</param>
    /// <param name="values">The student's values: the teacher starts as the student (cookbook §2.3). Kept, not copied.</param>
    /// <param name="version">Version of the values.</param>
    public TeacherState(IReadOnlyList<TensorEntry> entries, int offset, float[] values, long version)
    {
        _followed = [.. entries.Where(e => e.Followed)];
        _offset = offset;
        Values = values;
        Version = version;
    }

    public long Version { get; private set; }

    public float[] Values { get; }

    /// <summary>Momentum ξ of the last update.</summary>
    public double Momentum { get; private set; }

    /// <summary>θt ← ξθt + (1−ξ)θs with the student of version <paramref name="step"/> + 1; once per step.</summary>
    /// <returns>False when that was done before.</returns>
    /// <exception cref="InvalidOperationException">A step was left out.</exception>
    public bool Follow(long step, double momentum, ReadOnlySpan<float> student)
    {
        if (step < Version)
            return false;
        if (step > Version)
            throw new InvalidOperationException($"The teacher is at version {Version} and cannot follow step {step}.");
        foreach (var entry in _followed)
            Ema.Update(Values.AsSpan(entry.Offset - _offset, entry.Length), student.Slice(entry.Offset - _offset, entry.Length), momentum);
        Momentum = momentum;
        Version = step + 1;
        return true;
    }
}
