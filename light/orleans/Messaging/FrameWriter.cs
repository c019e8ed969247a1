using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;
using Orleans.Serialization;

namespace Orleans.Messaging;

/// <summary>
/// Sends frames in order. Small ones that wait together go out together; attachments go out from where they lie.
/// A frame is: body length (4 bytes), number of attachments (2), mark (2), the length of each attachment (4), body, attachments.
/// </summary>
internal sealed class FrameWriter(Socket socket, Action onBroken)
{
    public const int PrefixSize = 8;
    public const ushort Mark = 0x0515;

    private readonly ConcurrentQueue<BufferWriter> _frames = new();
    private readonly ArrayBufferWriter<byte> _batch = new(4096);
    private TaskCompletionSource? _flushed;
    private int _sending;
    private volatile bool _stopped;

    /// <summary>Completes when nothing is waiting to be sent.</summary>
    public Task Flushed
    {
        get
        {
            var flushed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            // A full fence: either this sees that sending ended, or the sender sees who waits.
            Interlocked.Exchange(ref _flushed, flushed);
            if (_stopped || (_frames.IsEmpty && Volatile.Read(ref _sending) == 0))
                flushed.TrySetResult();
            return flushed.Task;
        }
    }

    public void Enqueue(BufferWriter frame)
    {
        _frames.Enqueue(frame);
        if (_stopped || Interlocked.Exchange(ref _sending, 1) != 0)
            return;
        // A small frame is sent by who asks; a large one must not keep a grain's turn waiting for the socket.
        if (frame.Attachments.Count == 0)
            _ = SendAllAsync();
        else
            ThreadPool.UnsafeQueueUserWorkItem(static writer => _ = writer.SendAllAsync(), this, preferLocal: false);
    }

    public void Stop()
    {
        _stopped = true;
        Volatile.Read(ref _flushed)?.TrySetResult();
    }

    private async Task SendAllAsync()
    {
        try
        {
            do
            {
                while (!_stopped && _frames.TryDequeue(out var frame))
                {
                    using (frame)
                    {
                        Append(frame);
                        if (frame.Attachments.Count == 0 && !_frames.IsEmpty && _batch.WrittenCount < 64 * 1024)
                            continue;
                        await SendAsync(_batch.WrittenMemory).ConfigureAwait(false);
                        _batch.ResetWrittenCount();
                        foreach (var attachment in frame.Attachments)
                            await SendAsync(attachment).ConfigureAwait(false);
                    }
                }
                if (_batch.WrittenCount > 0 && !_stopped)
                {
                    await SendAsync(_batch.WrittenMemory).ConfigureAwait(false);
                    _batch.ResetWrittenCount();
                }
                Volatile.Write(ref _sending, 0);
                Interlocked.MemoryBarrier();
            }
            while (!_stopped && !_frames.IsEmpty && Interlocked.Exchange(ref _sending, 1) == 0);
            Volatile.Read(ref _flushed)?.TrySetResult();
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            _stopped = true;
            onBroken();
        }
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None).ConfigureAwait(false)..];
    }

    private void Append(BufferWriter frame)
    {
        var head = _batch.GetSpan(PrefixSize + (4 * frame.Attachments.Count));
        BinaryPrimitives.WriteInt32LittleEndian(head, frame.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(head[4..], checked((ushort)frame.Attachments.Count));
        BinaryPrimitives.WriteUInt16LittleEndian(head[6..], Mark);
        for (var i = 0; i < frame.Attachments.Count; i++)
            BinaryPrimitives.WriteInt32LittleEndian(head[(PrefixSize + (4 * i))..], frame.Attachments[i].Length);
        _batch.Advance(PrefixSize + (4 * frame.Attachments.Count));
        _batch.Write(frame.Body.Span);
    }
}
