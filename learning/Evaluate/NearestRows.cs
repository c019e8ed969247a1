using System.Numerics;

namespace SslOrleans.Learning.Evaluate;

/// <summary>
/// The k highest of a long row of similarities, fed in pieces: values that do not beat the k-th best so far are skipped a vector at a time.
/// Of equal values the one with the lower index counts as higher.
/// </summary>
public sealed class NearestRows(int neighbours)
{
    /// <summary>Value and index in one number that sorts as wanted: high values first, then low indexes.</summary>
    private readonly ulong[] _keys = new ulong[Math.Max(3 * neighbours, neighbours + 64)];
    private int _count;
    private float _least = float.NegativeInfinity;

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
    /// <returns>How many there are: k, or less when fewer were fed.</returns>
    public int Take(Span<float> values, Span<int> indexes)
    {
        Keep();
        Array.Sort(_keys, 0, _count);
        for (var i = 0; i < _count; i++)
            (values[i], indexes[i]) = (Value(_keys[i]), (int)(uint)_keys[i]);
        return _count;
    }

    private void Offer(float value, int index)
    {
        // Also lets go of NaN.
        if (!(value > _least))
            return;
        _keys[_count++] = Key(value, index);
        if (_count == _keys.Length)
            Keep();
    }

    /// <summary>Drops what is beyond k.</summary>
    private void Keep()
    {
        if (_count < neighbours)
            return;
        Select(_keys.AsSpan(0, _count), neighbours - 1);
        _count = neighbours;
        _least = Value(_keys[_count - 1]);
    }

    /// <summary>Puts the number that belongs at <paramref name="at"/> there, smaller ones before it and larger ones behind (Hoare 1961).</summary>
    private static void Select(Span<ulong> keys, int at)
    {
        while (keys.Length > 1)
        {
            var pivot = Median(keys[0], keys[keys.Length / 2], keys[^1]);
            var (low, high) = (0, keys.Length - 1);
            while (low <= high)
            {
                while (keys[low] < pivot)
                    low++;
                while (keys[high] > pivot)
                    high--;
                if (low > high)
                    break;
                (keys[low], keys[high]) = (keys[high], keys[low]);
                (low, high) = (low + 1, high - 1);
            }

            if (at <= high)
            {
                keys = keys[..(high + 1)];
            }
            else if (at >= low)
            {
                keys = keys[low..];
                at -= low;
            }
            else
            {
                return;
            }
        }
    }

    private static ulong Median(ulong a, ulong b, ulong c) => Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));

    private static ulong Key(float value, int index)
    {
        // + 0 makes −0 and 0 one value. Flipping makes the bits of floats sort as numbers, high ones first.
        var bits = BitConverter.SingleToUInt32Bits(value + 0f);
        var ascending = (bits & 0x8000_0000) != 0 ? ~bits : bits | 0x8000_0000;
        return ((ulong)~ascending << 32) | (uint)index;
    }

    private static float Value(ulong key)
    {
        var ascending = ~(uint)(key >> 32);
        return BitConverter.UInt32BitsToSingle((ascending & 0x8000_0000) != 0 ? ascending & 0x7FFF_FFFF : ~ascending);
    }
}
