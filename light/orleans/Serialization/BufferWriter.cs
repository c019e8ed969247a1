using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Orleans.Serialization;

/// <summary>
/// A message under construction: a small body, and beside it the large byte buffers ("attachments"), which are sent
/// from where they lie. The reader on the other side receives each attachment into an array of its own, so a large
/// buffer is never copied in user space.
/// </summary>
internal sealed class BufferWriter : IDisposable
{
    /// <summary>Buffers from this size on travel beside the body.</summary>
    public const int AttachmentThreshold = 8 * 1024;

    /// <summary>Nesting that no sane message reaches; a cycle does.</summary>
    public const int MaxDepth = 100;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(512);
    private int _depth;

    public int Length { get; private set; }

    public List<ReadOnlyMemory<byte>> Attachments { get; } = [];

    /// <summary>True inside a value that nobody changes: its buffers need no private copy until they are sent.</summary>
    public bool Immutable { get; set; }

    /// <summary>True keeps large buffers in the body.</summary>
    public bool Inline { get; init; }

    public ReadOnlyMemory<byte> Body => _buffer.AsMemory(0, Length);

    public long TotalLength
    {
        get
        {
            var total = (long)Length;
            foreach (var attachment in Attachments)
                total += attachment.Length;
            return total;
        }
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    public void WriteByte(byte value) => Reserve(1)[0] = value;

    public void WriteRaw(ReadOnlySpan<byte> value) => value.CopyTo(Reserve(value.Length));

    public void WriteVarint(ulong value)
    {
        while (value >= 0x80)
        {
            WriteByte((byte)(value | 0x80));
            value >>= 7;
        }
        WriteByte((byte)value);
    }

    public void WriteFixed4(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Reserve(4), value);

    public void WriteFixed8(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Reserve(8), value);

    /// <summary>Length plus one, then UTF-8; a lone 0 is null.</summary>
    public void WriteString(string? value)
    {
        if (value is null)
        {
            WriteByte(0);
            return;
        }
        var size = Encoding.UTF8.GetByteCount(value);
        WriteVarint((ulong)size + 1);
        Encoding.UTF8.GetBytes(value, Reserve(size));
    }

    /// <summary>0 is null; else an even number is twice the length plus one of bytes that follow, an odd one names an attachment.</summary>
    public void WriteBytes(ReadOnlyMemory<byte> value)
    {
        if (Inline || value.Length < AttachmentThreshold)
        {
            WriteVarint(((ulong)value.Length + 1) << 1);
            WriteRaw(value.Span);
            return;
        }
        WriteVarint(((ulong)Attachments.Count << 1) | 1);
        Attachments.Add(Immutable ? value : value.ToArray());
    }

    public void WriteNullBytes() => WriteByte(0);

    /// <summary>Starts a block whose length is filled in by <see cref="EndBlock"/>.</summary>
    public int BeginBlock()
    {
        if (++_depth > MaxDepth)
            throw new SerializerException($"The value nests deeper than {MaxDepth} levels, or refers to itself.");
        var start = Length;
        WriteFixed4(0);
        return start;
    }

    public void EndBlock(int start)
    {
        _depth--;
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(start), (uint)(Length - start - 4));
    }

    public void WriteNullBlock() => WriteFixed4(uint.MaxValue);

    private Span<byte> Reserve(int size)
    {
        if (Length + size > _buffer.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Length + size, _buffer.Length * 2));
            _buffer.AsSpan(0, Length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
        var span = _buffer.AsSpan(Length, size);
        Length += size;
        return span;
    }
}
