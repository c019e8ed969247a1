using System.Numerics;

namespace SslOrleans.Learning.Evaluate;

/// <summary>
/// The k highest of a long row of similarities, fed in pieces: values that do not beat the k-th best so far are skipped a vector at a time.
/// Of equal values the one fed first counts as higher.
/// </summary>
public sealed class NearestRows(int neighbours)
{
    private readonly float[] _values = new float[Math.Max(2 * neighbours, neighbours + 64)];
    private readonly int[] _indexes = new int[Math.Max(2 * neighbours, neighbours + 64)];
    private int _count;
    private float _least = float.NegativeInfinity;

    /// <summary>Forgets everything.</summary>
    public void Clear() => (_count, _least) = (0, float.NegativeInfinity);

    /// <summary>Takes similarities of the indexes <c>first, first+1, …</c></summary>
    public void Add(ReadOnlySpan<float> similarities, int first)
    {
        var i = 0;
        var threshold = new Vector<float>(_least);
        for (; i <= similarities.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            if (!Vector.GreaterThanAny(new Vector<float>(similarities[i..]), threshold))
                continue;
            for (var j = i; j < i + Vector<float>.Count; j++)
                Offer(similarities[j], first + j);
            threshold = new Vector<float>(_least);
        }

        for (; i < similarities.Length; i++)
            Offer(similarities[i], first + i);
    }

    /// <summary>The best, highest first.</summary>
    public int Take(Span<float> values, Span<int> indexes)
    {
        Keep();
        var taken = Math.Min(_count, neighbours);
        _values.AsSpan(0, taken).CopyTo(values);
        _indexes.AsSpan(0, taken).CopyTo(indexes);
        return taken;
    }

    private void Offer(float value, int index)
    {
        // Also lets go of NaN.
        if (!(value > _least))
            return;
        _values[_count] = value;
        _indexes[_count++] = index;
        if (_count == _values.Length)
            Keep();
    }

    /// <summary>Sorts and drops what is beyond k.</summary>
    private void Keep()
    {
        // By value, then by index: sort twice the same way is not stable, so both go into one key.
        var order = new (float Value, int Index)[_count];
        for (var i = 0; i < _count; i++)
            order[i] = (-_values[i], _indexes[i]);
        Array.Sort(order);
        _count = Math.Min(_count, neighbours);
        for (var i = 0; i < _count; i++)
            (_values[i], _indexes[i]) = (-order[i].Value, order[i].Index);
        if (_count == neighbours)
            _least = _values[_count - 1];
    }
}
