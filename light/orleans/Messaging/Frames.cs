using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans.Messaging;

internal enum FrameKind : byte
{
    Request = 1,
    Response = 2,
    Cancel = 3,

    /// <summary>A silo that stops asks its clients to use another gateway.</summary>
    Goodbye = 4,
    Hello = 5,
    Welcome = 6,
    Refused = 7,
}

internal enum ResponseStatus : byte
{
    Ok = 0,
    Exception = 1,

    /// <summary>As <see cref="Ok"/> or <see cref="Exception"/>, from another silo than the one asked: forget where the grain was.</summary>
    OkElsewhere = 2,
    ExceptionElsewhere = 3,
}

/// <summary>Writes and reads the heads of frames; a request's arguments and a response's result follow behind.</summary>
internal static class Frames
{
    private static readonly Codec<object> ContextValue = Codecs.For<object>();

    public static BufferWriter Request(Request request)
    {
        var writer = new BufferWriter();
        writer.WriteByte((byte)FrameKind.Request);
        writer.WriteVarint(request.IsOneWay ? 0 : request.Id);
        writer.WriteVarint((ulong)Math.Max(1, request.Deadline - Environment.TickCount64));
        writer.WriteVarint((ulong)request.Hops);
        writer.WriteString(request.Target.Type.ToString());
        writer.WriteString(request.Target.Key.ToString());
        writer.WriteFixed8(request.MethodId);
        writer.WriteVarint((ulong)(request.Context?.Count ?? 0));
        foreach (var (key, value) in request.Context ?? [])
        {
            writer.WriteString(key);
            ContextValue.Write(writer, value);
        }
        writer.Immutable = request.OwnsArguments;
        if (request.Arguments is { } arguments)
            request.Method!.WriteArguments(writer, arguments);
        else
            CopyRest(writer, request.Body!);
        return writer;
    }

    /// <summary>Reads a request's head; the id is 0 for a one-way call.</summary>
    public static (ulong Id, Request Request) ReadRequest(BufferReader reader, Func<ulong, IReply> replyTo)
    {
        var id = reader.ReadVarint();
        var reply = id == 0 ? NoReply.Instance : replyTo(id);
        try
        {
            var deadline = Environment.TickCount64 + (long)Math.Min(reader.ReadVarint(), int.MaxValue);
            var hops = (int)Math.Min(reader.ReadVarint(), int.MaxValue);
            var target = GrainId.Create(reader.ReadString() ?? "", reader.ReadString() ?? "");
            var method = reader.ReadFixed8();
            Dictionary<string, object>? context = null;
            for (var left = reader.ReadCount(); left > 0; left--)
                (context ??= [])[reader.ReadString() ?? ""] = ContextValue.Read(reader);
            return (id, new Request(target, method, reply) { Context = context, Deadline = deadline, Hops = hops, Body = reader });
        }
        catch (Exception error)
        {
            reply.Fail(error);
            throw;
        }
    }

    public static BufferWriter Response(ulong id, ResponseStatus status)
    {
        var writer = new BufferWriter();
        writer.WriteByte((byte)FrameKind.Response);
        writer.WriteVarint(id);
        writer.WriteByte((byte)status);
        return writer;
    }

    public static BufferWriter Cancel(ulong id)
    {
        var writer = new BufferWriter();
        writer.WriteByte((byte)FrameKind.Cancel);
        writer.WriteVarint(id);
        return writer;
    }

    public static BufferWriter Goodbye()
    {
        var writer = new BufferWriter();
        writer.WriteByte((byte)FrameKind.Goodbye);
        return writer;
    }

    /// <summary>Passes bytes on unread, their attachments too.</summary>
    public static void CopyRest(BufferWriter writer, BufferReader body)
    {
        writer.WriteRaw(body.Rest.Span);
        foreach (var attachment in body.Attachments)
            writer.Attachments.Add(attachment);
    }
}
