using System.Net;
using System.Net.Sockets;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans.Messaging;

/// <summary>Why a process connects.</summary>
internal enum PeerKind
{
    Silo,
    Client,
    Heartbeat,
}

/// <summary>The first frame of who connects.</summary>
[GenerateSerializer]
internal sealed record Hello
{
    public const int CurrentProtocol = 1;

    [Id(0)]
    public int Protocol { get; init; } = CurrentProtocol;

    [Id(1)]
    public required PeerKind Kind { get; init; }

    [Id(2)]
    public required string ClusterId { get; init; }

    [Id(3)]
    public required string ServiceId { get; init; }

    [Id(4)]
    public SiloAddress? Silo { get; init; }

    [Id(5)]
    public string? ClientId { get; init; }

    [Id(6)]
    public int MaxMessageSize { get; init; }

    [Id(7)]
    public int ProcessId { get; init; } = Environment.ProcessId;
}

/// <summary>The answer to a <see cref="Hello"/>.</summary>
[GenerateSerializer]
internal sealed record Welcome
{
    [Id(0)]
    public required SiloAddress Silo { get; init; }

    [Id(1)]
    public int MaxMessageSize { get; init; }

    /// <summary>For clients: grain type by full name of the grain interface.</summary>
    [Id(2)]
    public Dictionary<string, string> Interfaces { get; init; } = [];

    /// <summary>Set if the connection is refused.</summary>
    [Id(3)]
    public string? Refusal { get; init; }

    [Id(4)]
    public int ProcessId { get; init; } = Environment.ProcessId;
}

/// <summary>How two processes agree to talk.</summary>
internal static class Handshake
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Connects and introduces this process. A refusal is thrown as a configuration error, since trying again will not help.</summary>
    public static async Task<(Connection Connection, Welcome Welcome)> ConnectAsync(Node node, IPEndPoint endpoint, Hello hello, CancellationToken token)
    {
        Loopback.Check(endpoint.Address, "connect to");
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(token);
            timeout.CancelAfter(Patience);
            await socket.ConnectAsync(endpoint, timeout.Token).ConfigureAwait(false);
            var connection = new Connection(node, socket, hello.MaxMessageSize);
            Send(connection, FrameKind.Hello, hello);
            var answer = await connection.ReceiveAsync(timeout.Token).ConfigureAwait(false)
                ?? throw new IOException($"The process at {endpoint} closed the connection without an answer.");
            if ((FrameKind)answer.ReadByte() != FrameKind.Welcome)
                throw new IOException($"The process at {endpoint} speaks another protocol.");
            var welcome = Codecs.For<Welcome>().Read(answer)!;
            if (welcome.Refusal is not null)
                throw new OrleansConfigurationException($"The silo at {endpoint} refused the connection: {welcome.Refusal}");
            connection.Silo = welcome.Silo;
            connection.MaxMessageSize = Math.Min(hello.MaxMessageSize, welcome.MaxMessageSize);
            return (connection, welcome);
        }
        catch (Exception error)
        {
            socket.Dispose();
            if (error is OperationCanceledException && !token.IsCancellationRequested)
                throw new IOException($"The process at {endpoint} did not answer within {Patience.TotalSeconds} s.", error);
            throw;
        }
    }

    public static async Task<Hello> ReceiveAsync(Connection connection)
    {
        using var timeout = new CancellationTokenSource(Patience);
        var frame = await connection.ReceiveAsync(timeout.Token).ConfigureAwait(false)
            ?? throw new IOException("The connection closed without a word.");
        return (FrameKind)frame.ReadByte() == FrameKind.Hello
            ? Codecs.For<Hello>().Read(frame)!
            : throw new SerializerException("The first frame is no greeting.");
    }

    public static void Answer(Connection connection, Welcome welcome) => Send(connection, FrameKind.Welcome, welcome);

    private static void Send<T>(Connection connection, FrameKind kind, T value)
    {
        var writer = new BufferWriter();
        writer.WriteByte((byte)kind);
        Codecs.For<T>().Write(writer, value);
        connection.Send(writer);
    }
}

/// <summary>The embedded host serves one machine, and says so.</summary>
internal static class Loopback
{
    public static void Check(IPAddress address, string what)
    {
        if (!IPAddress.IsLoopback(address))
        {
            throw new OrleansConfigurationException(
                $"The light profile runs on one machine and will not {what} {address}; use a loopback address, or build with -p:Profile=cluster for several machines.");
        }
    }
}
