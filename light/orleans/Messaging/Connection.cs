using System.Collections.Concurrent;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans.Messaging;

/// <summary>One TCP connection to a silo or a client: frames in, frames out, and the requests that the other side waits for.</summary>
internal sealed class Connection : IAsyncDisposable
{
    private readonly FrameReader _reader;
    private readonly FrameWriter _writer;
    private readonly Node _node;
    private int _closed;

    public Connection(Node node, Socket socket, int maxMessageSize)
    {
        _node = node;
        Socket = socket;
        MaxMessageSize = maxMessageSize;
        _reader = new FrameReader(new NetworkStream(socket, ownsSocket: false), maxMessageSize);
        _writer = new FrameWriter(socket, () => Close("The connection broke while sending."));
    }

    public Socket Socket { get; }

    /// <summary>Bytes of a frame at most: the smaller of both sides' limits.</summary>
    public int MaxMessageSize { get; set; }

    /// <summary>The silo on the other side; null for a client.</summary>
    public SiloAddress? Silo { get; set; }

    /// <summary>The client on the other side; null for a silo.</summary>
    public string? ClientId { get; set; }

    public bool IsClosed => Volatile.Read(ref _closed) != 0;

    /// <summary>The other side gave up before anything was read from it but its greeting.</summary>
    public bool IsAbandoned => Socket.Poll(0, SelectMode.SelectRead) && Socket.Available == 0;

    /// <summary>Requests of the other side that have no answer yet.</summary>
    public ConcurrentDictionary<ulong, Request> Unanswered { get; } = new();

    public Task Flushed => _writer.Flushed;

    /// <summary>Queues a frame. A frame that is too large is refused here, so that the connection goes on for the others.</summary>
    public void Send(BufferWriter frame)
    {
        if (frame.TotalLength > MaxMessageSize)
        {
            var size = frame.TotalLength;
            frame.Dispose();
            throw new OrleansMessageRejectionException(
                $"The message has {size} bytes; the limit is {MaxMessageSize} (MessagingOptions.MaxMessageBodySize). Send it in parts.");
        }
        _writer.Enqueue(frame);
    }

    public ValueTask<BufferReader?> ReceiveAsync(CancellationToken token) => _reader.ReadAsync(_node, token);

    /// <summary>Reads frames until the connection closes. A frame that makes no sense fails its own call, if it got that far.</summary>
    public async Task RunAsync()
    {
        var reason = "The other process closed the connection.";
        try
        {
            while (await ReceiveAsync(CancellationToken.None).ConfigureAwait(false) is { } frame)
                Dispatch(frame);
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException or SerializerException)
        {
            reason = error.Message;
        }
        catch (Exception error)
        {
            _node.Log.LogError(error, "Lost the connection to {Peer} to an unexpected error", this);
            reason = error.Message;
        }
        Close(reason);
    }

    public void Close(string reason)
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
            return;
        Socket.Dispose();
        _writer.Stop();
        _node.Log.LogDebug("Connection to {Peer} closed: {Reason}", this, reason);
        _node.OnClosed(this, reason);
    }

    public async ValueTask DisposeAsync()
    {
        await _writer.Flushed.WaitAsync(TimeSpan.FromSeconds(5)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Close("This process closed the connection.");
    }

    public override string ToString() => Silo?.ToString() ?? ClientId ?? "an unknown process";

    /// <summary>The exception, or, as on Orleans, what its type lacks to travel.</summary>
    public Exception ExceptionToSend(Exception error)
    {
        for (var each = error; each is not null; each = each.InnerException)
        {
            if (!_node.Exceptions.Supports(each.GetType()))
            {
                _node.Log.LogWarning(error, "An exception whose type may not travel; ExceptionSerializationOptions.SupportedNamespacePrefixes allows it");
                return new CodecNotFoundException($"Could not find a codec for type {each.GetType().FullName}.");
            }
        }
        return error;
    }

    private void Dispatch(BufferReader frame)
    {
        switch ((FrameKind)frame.ReadByte())
        {
            case FrameKind.Request:
                Accept(frame);
                break;
            case FrameKind.Response:
                _node.OnResponse(frame.ReadVarint(), (ResponseStatus)frame.ReadByte(), frame);
                break;
            case FrameKind.Cancel:
                if (Unanswered.TryGetValue(frame.ReadVarint(), out var cancelled))
                    cancelled.Cancel();
                break;
            case FrameKind.Goodbye:
                _node.OnGoodbye(this);
                break;
            case var kind:
                throw new SerializerException($"A frame of unknown kind {(int)kind} came from {this}.");
        }
    }

    private void Accept(BufferReader frame)
    {
        Request request;
        try
        {
            (var id, request) = Frames.ReadRequest(frame, id => new RemoteReply(this, id));
            if (id != 0)
                Unanswered[id] = request;
        }
        catch (Exception error)
        {
            _node.Log.LogWarning("Refused a request from {Peer}: {Reason}", this, error.Message);
            return;
        }
        _node.Accept(request);
    }
}

/// <summary>Sends the answer to where the request came from.</summary>
internal sealed class RemoteReply(Connection connection, ulong id) : IReply
{
    public void Complete(GrainMethod method, object? result)
    {
        var writer = Frames.Response(id, ResponseStatus.Ok);
        try
        {
            // A method without a result leaves the body empty.
            if (result is not null)
                method.ResultCodec.WriteObject(writer, result);
            Send(writer);
        }
        catch (Exception error)
        {
            Fail(error);
        }
    }

    public void Fail(Exception error)
    {
        var writer = Frames.Response(id, ResponseStatus.Exception);
        try
        {
            Exceptions.Write(writer, connection.ExceptionToSend(error));
        }
        catch (SerializerException)
        {
            writer = Frames.Response(id, ResponseStatus.Exception);
            Exceptions.Write(writer, new OrleansException($"{error.GetType()}: {error.Message}"));
        }
        try
        {
            Send(writer);
        }
        catch (OrleansMessageRejectionException refused)
        {
            // Whoever answers has other callers to serve, so this must not throw.
            connection.Close($"Not even an error fits: {refused.Message}");
        }
    }

    public void Forward(ResponseStatus status, BufferReader body)
    {
        var writer = Frames.Response(id, status | ResponseStatus.OkElsewhere);
        Frames.CopyRest(writer, body);
        try
        {
            Send(writer);
        }
        catch (OrleansMessageRejectionException error)
        {
            // The callee may send more than this caller takes; the silo that answered is not to blame.
            Fail(error);
        }
    }

    private void Send(BufferWriter writer)
    {
        connection.Send(writer);
        connection.Unanswered.TryRemove(id, out _);
    }
}
