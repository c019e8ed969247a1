using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Orleans.Runtime;

namespace Orleans.Serialization;

/// <summary>Codecs of the types that have no members.</summary>
internal static class Primitives
{
    public static readonly Dictionary<Type, Codec> All = new Codec[]
    {
        new SimpleCodec<bool>(WireKind.Varint, (w, v) => w.WriteByte(v ? (byte)1 : (byte)0), r => r.ReadVarint() != 0),
        new SimpleCodec<byte>(WireKind.Varint, (w, v) => w.WriteVarint(v), r => (byte)r.ReadVarint()),
        new SimpleCodec<sbyte>(WireKind.Varint, (w, v) => WriteSigned(w, v), r => (sbyte)ReadSigned(r)),
        new SimpleCodec<short>(WireKind.Varint, (w, v) => WriteSigned(w, v), r => (short)ReadSigned(r)),
        new SimpleCodec<ushort>(WireKind.Varint, (w, v) => w.WriteVarint(v), r => (ushort)r.ReadVarint()),
        new SimpleCodec<char>(WireKind.Varint, (w, v) => w.WriteVarint(v), r => (char)r.ReadVarint()),
        new SimpleCodec<int>(WireKind.Varint, (w, v) => WriteSigned(w, v), r => (int)ReadSigned(r)),
        new SimpleCodec<uint>(WireKind.Varint, (w, v) => w.WriteVarint(v), r => (uint)r.ReadVarint()),
        new SimpleCodec<long>(WireKind.Varint, WriteSigned, ReadSigned),
        new SimpleCodec<ulong>(WireKind.Varint, (w, v) => w.WriteVarint(v), r => r.ReadVarint()),
        new SimpleCodec<float>(WireKind.Fixed4, (w, v) => w.WriteFixed4(BitConverter.SingleToUInt32Bits(v)), r => BitConverter.UInt32BitsToSingle(r.ReadFixed4())),
        new SimpleCodec<double>(WireKind.Fixed8, (w, v) => w.WriteFixed8(BitConverter.DoubleToUInt64Bits(v)), r => BitConverter.UInt64BitsToDouble(r.ReadFixed8())),
        Blit<decimal>(),
        Blit<Guid>(),
        new SimpleCodec<DateTime>(WireKind.Fixed8, (w, v) => w.WriteFixed8((ulong)v.ToBinary()), r => DateTime.FromBinary((long)r.ReadFixed8())),
        new SimpleCodec<TimeSpan>(WireKind.Fixed8, (w, v) => w.WriteFixed8((ulong)v.Ticks), r => TimeSpan.FromTicks((long)r.ReadFixed8())),
        new SimpleCodec<DateTimeOffset>(WireKind.Fixed16, WriteOffset, ReadOffset),
        new SimpleCodec<string?>(WireKind.Text, (w, v) => w.WriteString(v), r => r.ReadString()),
        new SimpleCodec<Uri?>(WireKind.Text, (w, v) => w.WriteString(v?.OriginalString), r => r.ReadString() is { } text ? new Uri(text, UriKind.RelativeOrAbsolute) : null),
        new SimpleCodec<Version?>(WireKind.Text, (w, v) => w.WriteString(v?.ToString()), r => r.ReadString() is { } text ? Version.Parse(text) : null),
        new SimpleCodec<SiloAddress?>(WireKind.Text, (w, v) => w.WriteString(v?.ToParsableString()), r => r.ReadString() is { } text ? SiloAddress.FromParsableString(text) : null),
        new SimpleCodec<GrainId>(WireKind.Text, (w, v) => w.WriteString(v.IsDefault ? null : v.ToString()), r => r.ReadString() is { } text ? GrainId.Parse(text) : default),
    }.ToDictionary(codec => codec.GetType().GetGenericArguments()[0]);

    public static void WriteSigned(BufferWriter writer, long value) => writer.WriteVarint((ulong)((value << 1) ^ (value >> 63)));

    public static long ReadSigned(BufferReader reader)
    {
        var value = reader.ReadVarint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    private static void WriteOffset(BufferWriter writer, DateTimeOffset value)
    {
        writer.WriteFixed8((ulong)value.Ticks);
        writer.WriteFixed8((ulong)value.Offset.Ticks);
    }

    private static DateTimeOffset ReadOffset(BufferReader reader) => new((long)reader.ReadFixed8(), TimeSpan.FromTicks((long)reader.ReadFixed8()));

    private static SimpleCodec<T> Blit<T>()
        where T : unmanaged => new(
        WireKind.Fixed16,
        (w, v) => w.WriteRaw(System.Runtime.InteropServices.MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in v))),
        r => System.Runtime.InteropServices.MemoryMarshal.Read<T>(r.ReadRaw(Unsafe.SizeOf<T>())));
}

/// <summary>An enum travels as its number.</summary>
internal sealed class EnumCodec<T> : Codec<T>
    where T : struct, Enum
{
    public override WireKind Kind => WireKind.Varint;

    public override void Write(BufferWriter writer, T value) =>
        Primitives.WriteSigned(writer, Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture));

    public override T Read(BufferReader reader) => (T)Enum.ToObject(typeof(T), Primitives.ReadSigned(reader));
}

/// <summary>A value or nothing.</summary>
internal sealed class NullableCodec<T> : Codec<T?>
    where T : struct
{
    private readonly Codec<T> _inner = Codecs.For<T>();

    public override WireKind Kind => WireKind.Block;

    public override bool IsShareable => _inner.IsShareable;

    public override void Write(BufferWriter writer, T? value)
    {
        if (value is null)
        {
            writer.WriteNullBlock();
            return;
        }
        var block = writer.BeginBlock();
        _inner.Write(writer, value.Value);
        writer.EndBlock(block);
    }

    public override T? Read(BufferReader reader)
    {
        if (reader.BeginBlock() is not { } outer)
            return null;
        var value = _inner.Read(reader);
        reader.EndBlock(outer);
        return value;
    }

    public override T? Copy(T? value) => value is null ? null : _inner.Copy(value.Value);
}
