using System.Buffers.Binary;
using System.Text;
using Orleans.Runtime;

namespace Orleans.Serialization;

/// <summary>Reads what <see cref="BufferWriter"/> wrote. Every length is checked against what is there: bytes from outside are never trusted.</summary>
internal sealed class BufferReader(ReadOnlyMemory<byte> body, byte[][] attachments, Node? node)
{
    private int _end = body.Length;
    private int _depth;

    /// <summary>Who the grain references among the values will call through.</summary>
    public Node? Node { get; } = node;

    public byte[][] Attachments { get; } = attachments;

    public int Position { get; private set; }

    public bool AtEnd => Position >= _end;

    public ReadOnlyMemory<byte> Rest => body[Position.._end];

    /// <summary>A reader of what is left, on memory of its own.</summary>
    public BufferReader Detach() => new(Rest.ToArray(), Attachments, Node);

    public byte ReadByte() => Take(1)[0];

    public ReadOnlySpan<byte> ReadRaw(int size) => Take(size);

    public ulong ReadVarint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = ReadByte();
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }
        throw new SerializerException("A number in the message is longer than 64 bits.");
    }

    /// <summary>A number of elements, each of which takes at least a byte.</summary>
    public int ReadCount()
    {
        var count = ReadVarint();
        return count <= (ulong)(_end - Position)
            ? (int)count
            : throw new SerializerException($"The message claims {count} elements in {_end - Position} bytes.");
    }

    public uint ReadFixed4() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong ReadFixed8() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public string? ReadString()
    {
        var size = ReadVarint();
        return size == 0 ? null : Encoding.UTF8.GetString(Take(size - 1));
    }

    /// <summary>Null, or the bytes: an attachment as it lies, or a copy out of the body.</summary>
    public ReadOnlyMemory<byte>? ReadBytes()
    {
        var code = ReadVarint();
        if (code == 0)
            return null;
        if ((code & 1) == 0)
            return Take((code >> 1) - 1).ToArray();
        return code >> 1 < (ulong)Attachments.Length
            ? Attachments[(int)(code >> 1)]
            : throw new SerializerException($"The message names attachment {code >> 1} of {Attachments.Length}.");
    }

    /// <summary>Enters a block and returns the end of the enclosing one for <see cref="EndBlock"/>; null if the block is null.</summary>
    public int? BeginBlock()
    {
        var size = ReadFixed4();
        if (size == uint.MaxValue)
            return null;
        if (++_depth > BufferWriter.MaxDepth)
            throw new SerializerException($"The message nests deeper than {BufferWriter.MaxDepth} levels.");
        var outer = _end;
        if (size > (uint)(outer - Position))
            throw new SerializerException($"The message claims a block of {size} bytes where {outer - Position} are left.");
        _end = Position + (int)size;
        return outer;
    }

    public void EndBlock(int outer)
    {
        _depth--;
        Position = _end;
        _end = outer;
    }

    /// <summary>Steps over a value that this version does not know.</summary>
    public void Skip(WireKind kind)
    {
        switch (kind)
        {
            case WireKind.Varint:
                ReadVarint();
                break;
            case WireKind.Fixed4:
                Take(4);
                break;
            case WireKind.Fixed8:
                Take(8);
                break;
            case WireKind.Fixed16:
                Take(16);
                break;
            case WireKind.Text:
                var size = ReadVarint();
                Take(size == 0 ? 0 : size - 1);
                break;
            case WireKind.Bytes:
                var code = ReadVarint();
                Take(code == 0 || (code & 1) == 1 ? 0 : (code >> 1) - 1);
                break;
            case WireKind.Block:
                if (BeginBlock() is { } outer)
                    EndBlock(outer);
                break;
            default:
                throw new SerializerException($"The message has a value of unknown kind {(int)kind}.");
        }
    }

    private ReadOnlySpan<byte> Take(int size) => Take((ulong)size);

    private ReadOnlySpan<byte> Take(ulong size)
    {
        if (size > (ulong)(_end - Position))
            throw new SerializerException($"The message ends {size - (ulong)(_end - Position)} bytes too soon.");
        var span = body.Span.Slice(Position, (int)size);
        Position += (int)size;
        return span;
    }
}
