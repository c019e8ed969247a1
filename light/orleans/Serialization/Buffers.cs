using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Orleans.Concurrency;

namespace Orleans.Serialization;

/// <summary>Which element types travel as the bytes that they are in memory (little-endian; only loopback is served).</summary>
internal static class MemoryCodec
{
    public static bool Supports(Type element) =>
        element.IsPrimitive && element != typeof(bool) && element != typeof(char) && element != typeof(nint) && element != typeof(nuint);
}

/// <summary>An array of numbers. Unless it is marked immutable it is copied once when it is sent, since the sender may change it.</summary>
internal sealed class BlitArrayCodec<T> : Codec<T[]?>
    where T : unmanaged
{
    public override WireKind Kind => WireKind.Bytes;

    public override bool IsShareable => false;

    public override void Write(BufferWriter writer, T[]? value)
    {
        if (value is null)
            writer.WriteNullBytes();
        else if (value is byte[] bytes)
            writer.WriteBytes(bytes);
        else
            BlitWriter.Write<T>(writer, value);
    }

    public override T[]? Read(BufferReader reader) => BlitWriter.Read<T>(reader);

    public override T[]? Copy(T[]? value) => (T[]?)value?.Clone();
}

/// <summary>Read-only memory of numbers: by definition nobody changes it, so it is sent from where it lies.</summary>
internal sealed class MemoryCodec<T> : Codec<ReadOnlyMemory<T>>
    where T : unmanaged
{
    public override WireKind Kind => WireKind.Bytes;

    public override void Write(BufferWriter writer, ReadOnlyMemory<T> value)
    {
        if (value is ReadOnlyMemory<byte> bytes)
        {
            var outer = writer.Immutable;
            writer.Immutable = true;
            writer.WriteBytes(bytes);
            writer.Immutable = outer;
        }
        else
        {
            BlitWriter.Write(writer, value.Span);
        }
    }

    public override ReadOnlyMemory<T> Read(BufferReader reader)
    {
        if (typeof(T) == typeof(byte))
            return (ReadOnlyMemory<T>)(object)(reader.ReadBytes() ?? default);
        return BlitWriter.Read<T>(reader);
    }
}

internal static class BlitWriter
{
    /// <summary>Numbers wider than a byte are copied into a byte array of their own, which then travels without another copy.</summary>
    public static void Write<T>(BufferWriter writer, ReadOnlySpan<T> value)
        where T : unmanaged
    {
        var bytes = MemoryMarshal.AsBytes(value).ToArray();
        var outer = writer.Immutable;
        writer.Immutable = true;
        writer.WriteBytes(bytes);
        writer.Immutable = outer;
    }

    public static T[]? Read<T>(BufferReader reader)
        where T : unmanaged
    {
        if (reader.ReadBytes() is not { } bytes)
            return null;
        if (typeof(T) == typeof(byte) && MemoryMarshal.TryGetArray(bytes, out var segment)
            && segment.Offset == 0 && segment.Count == segment.Array!.Length)
            return (T[])(object)segment.Array;
        if (bytes.Length % Unsafe.SizeOf<T>() != 0)
            throw new SerializerException($"{bytes.Length} bytes are no whole number of {typeof(T).Name}.");
        return MemoryMarshal.Cast<byte, T>(bytes.Span).ToArray();
    }
}

/// <summary>An immutable value: shared within a silo, its buffers sent from where they lie.</summary>
internal sealed class ImmutableCodec<T> : Codec<Immutable<T>>
{
    private readonly Codec<T> _inner = Codecs.For<T>();

    public override WireKind Kind => _inner.Kind;

    public override void Write(BufferWriter writer, Immutable<T> value)
    {
        var outer = writer.Immutable;
        writer.Immutable = true;
        _inner.Write(writer, value.Value);
        writer.Immutable = outer;
    }

    public override Immutable<T> Read(BufferReader reader) => new(_inner.Read(reader));
}

/// <summary>A type's codec for a place that is marked [Immutable].</summary>
internal sealed class SharedCodec<T>(Codec<T> inner) : Codec<T>
{
    public override WireKind Kind => inner.Kind;

    public override void Write(BufferWriter writer, T value)
    {
        var outer = writer.Immutable;
        writer.Immutable = true;
        inner.Write(writer, value);
        writer.Immutable = outer;
    }

    public override T Read(BufferReader reader) => inner.Read(reader);
}
