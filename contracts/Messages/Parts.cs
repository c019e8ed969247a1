using System.Runtime.InteropServices;
using Orleans.Concurrency;

namespace SslOrleans.Contracts.Messages;

/// <summary>Long float32 vectors travel in parts of 4 MiB, far below the message limit.</summary>
public static class Parts
{
    /// <summary>Values in a part; the last one may be shorter.</summary>
    public const int Length = 1 << 20;

    /// <summary>Parts of a vector.</summary>
    public static int Count(int length) => (length + Length - 1) / Length;

    /// <summary>The elements of a part.</summary>
    public static Range Of(int part, int length) => (part * Length)..Math.Min((part + 1) * Length, length);

    /// <summary>The bytes of one part, copied.</summary>
    public static Immutable<byte[]> Cut(ReadOnlySpan<float> vector, int part)
    {
        var values = MemoryMarshal.AsBytes(vector[Of(part, vector.Length)]);
        var bytes = GC.AllocateUninitializedArray<byte>(values.Length);
        values.CopyTo(bytes);
        return new(bytes);
    }

    /// <summary>All parts, copied.</summary>
    public static Immutable<byte[]>[] CutAll(ReadOnlySpan<float> vector)
    {
        var parts = new Immutable<byte[]>[Count(vector.Length)];
        for (var p = 0; p < parts.Length; p++)
            parts[p] = Cut(vector, p);
        return parts;
    }

    /// <summary>Puts a part in its place.</summary>
    public static void Place(Immutable<byte[]> part, int number, Span<float> vector)
        => Floats(part.Value).CopyTo(vector[Of(number, vector.Length)]);

    /// <summary>Bytes seen as float32 values.</summary>
    public static ReadOnlySpan<float> Floats(byte[] bytes) => MemoryMarshal.Cast<byte, float>(bytes);
}
