using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans.Messaging;

/// <summary>Receives frames. Lengths are checked before anything is allocated; attachments are received into arrays of their own.</summary>
internal sealed class FrameReader(Stream stream, int maxMessageSize)
{
    /// <summary>Before a peer has said who it is, its frames may be this large.</summary>
    public const int MaxHelloSize = 4096;

    private readonly PipeReader _pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 64 * 1024, leaveOpen: true));

    /// <summary>Set once the peer is known.</summary>
    private int _limit = MaxHelloSize;

    /// <summary>The next frame, or null at the end of the connection.</summary>
    public async ValueTask<BufferReader?> ReadAsync(Node node, CancellationToken token)
    {
        var (body, attachments) = await ReadPrefixAsync(token).ConfigureAwait(false);
        if (body is null)
            return null;
        await FillAsync(body, token).ConfigureAwait(false);
        foreach (var attachment in attachments)
            await FillAsync(attachment, token).ConfigureAwait(false);
        _limit = maxMessageSize;
        return new BufferReader(body, attachments, node);
    }

    private async ValueTask<(byte[]? Body, byte[][] Attachments)> ReadPrefixAsync(CancellationToken token)
    {
        var result = await _pipe.ReadAtLeastAsync(FrameWriter.PrefixSize, token).ConfigureAwait(false);
        if (result.Buffer.Length < FrameWriter.PrefixSize)
            return result.Buffer.IsEmpty ? (null, []) : throw new SerializerException("The connection closed in the middle of a frame.");
        var (length, count) = ParsePrefix(result.Buffer);
        _pipe.AdvanceTo(result.Buffer.GetPosition(FrameWriter.PrefixSize));
        if (count == 0)
            return (new byte[length], []);
        var table = new byte[4 * count];
        await FillAsync(table, token).ConfigureAwait(false);
        var attachments = new byte[count][];
        var total = (long)length;
        for (var i = 0; i < count; i++)
        {
            var size = BinaryPrimitives.ReadUInt32LittleEndian(table.AsSpan(4 * i));
            total += size;
            Check(total);
            attachments[i] = GC.AllocateUninitializedArray<byte>((int)size);
        }
        return (new byte[length], attachments);
    }

    private (int Length, int Count) ParsePrefix(ReadOnlySequence<byte> buffer)
    {
        Span<byte> prefix = stackalloc byte[FrameWriter.PrefixSize];
        buffer.Slice(0, FrameWriter.PrefixSize).CopyTo(prefix);
        if (BinaryPrimitives.ReadUInt16LittleEndian(prefix[6..]) != FrameWriter.Mark)
            throw new SerializerException("These bytes are no frame: the mark is missing.");
        var length = BinaryPrimitives.ReadUInt32LittleEndian(prefix);
        var count = BinaryPrimitives.ReadUInt16LittleEndian(prefix[4..]);
        Check(length + (4L * count));
        return length == 0 ? throw new SerializerException("These bytes are no frame: it is empty.") : ((int)length, count);
    }

    private void Check(long size)
    {
        if (size > _limit)
            throw new SerializerException($"A frame of {size} bytes is larger than the limit of {_limit}.");
    }

    /// <summary>Takes what the pipe has already, and receives the rest straight into place.</summary>
    private async ValueTask FillAsync(Memory<byte> target, CancellationToken token)
    {
        while (!target.IsEmpty && _pipe.TryRead(out var result) && !result.Buffer.IsEmpty)
        {
            var size = (int)Math.Min(result.Buffer.Length, target.Length);
            result.Buffer.Slice(0, size).CopyTo(target.Span);
            _pipe.AdvanceTo(result.Buffer.GetPosition(size));
            target = target[size..];
        }
        if (target.IsEmpty)
            return;
        if (target.Length >= BufferWriter.AttachmentThreshold)
        {
            await stream.ReadExactlyAsync(target, token).ConfigureAwait(false);
            return;
        }
        var more = await _pipe.ReadAtLeastAsync(target.Length, token).ConfigureAwait(false);
        if (more.Buffer.Length < target.Length)
            throw new SerializerException("The connection closed in the middle of a frame.");
        more.Buffer.Slice(0, target.Length).CopyTo(target.Span);
        _pipe.AdvanceTo(more.Buffer.GetPosition(target.Length));
    }
}
