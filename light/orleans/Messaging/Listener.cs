using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans.Messaging;

/// <summary>Accepts connections on a port. Whoever does not introduce itself properly is turned away, and nobody else notices.</summary>
internal sealed class Listener : IDisposable
{
    private readonly Socket _socket;
    private readonly SiloNode _silo;

    public Listener(SiloNode silo, IPEndPoint endpoint, string option)
    {
        Loopback.Check(endpoint.Address, "listen on");
        _silo = silo;
        _socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _socket.Bind(endpoint);
            _socket.Listen(512);
        }
        catch (SocketException error)
        {
            _socket.Dispose();
            throw new OrleansConfigurationException(
                $"EndpointOptions.{option} {endpoint.Port} cannot be used: {error.Message}. Is another silo running? Choose another port.", error);
        }
        _ = AcceptAsync();
    }

    public void Dispose() => _socket.Dispose();

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                var socket = await _socket.AcceptAsync().ConfigureAwait(false);
                socket.NoDelay = true;
                _ = WelcomeAsync(socket);
            }
            catch (Exception error) when (error is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
            {
                return;
            }
            catch (SocketException error)
            {
                _silo.Log.LogWarning("Could not accept a connection: {Reason}", error.Message);
                await Task.Delay(50).ConfigureAwait(false);
            }
        }
    }

    private async Task WelcomeAsync(Socket socket)
    {
        var connection = new Connection(_silo, socket, _silo.MaxMessageSize);
        try
        {
            var hello = await Handshake.ReceiveAsync(connection).ConfigureAwait(false);
            var refusal = hello.Protocol != Hello.CurrentProtocol ? $"it speaks protocol {Hello.CurrentProtocol}, not {hello.Protocol}; build both from one version"
                : hello.ClusterId != _silo.Cluster.ClusterId ? $"it belongs to cluster '{_silo.Cluster.ClusterId}', not '{hello.ClusterId}' (ClusterOptions.ClusterId)"
                : hello.ServiceId != _silo.Cluster.ServiceId ? $"it belongs to service '{_silo.Cluster.ServiceId}', not '{hello.ServiceId}' (ClusterOptions.ServiceId)"
                : null;
            Handshake.Answer(connection, new Welcome
            {
                Silo = _silo.Address,
                MaxMessageSize = _silo.MaxMessageSize,
                Interfaces = hello.Kind == PeerKind.Client && refusal is null ? _silo.AllInterfaces : [],
                Refusal = refusal,
            });
            if (refusal is not null)
            {
                _silo.Log.LogWarning("Refused a connection: {Reason}", refusal);
                await connection.DisposeAsync().ConfigureAwait(false);
                return;
            }
            connection.MaxMessageSize = Math.Min(hello.MaxMessageSize, _silo.MaxMessageSize);
            connection.Silo = hello.Silo;
            connection.ClientId = hello.ClientId;
            if (hello.Kind == PeerKind.Heartbeat)
            {
                await connection.Flushed.ConfigureAwait(false);
                _silo.OnHeartbeat(socket, hello);
                return;
            }
            await _silo.OnConnectedAsync(connection).ConfigureAwait(false);
            await connection.RunAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or SocketException or SerializerException or OperationCanceledException or ObjectDisposedException)
        {
            _silo.Log.LogWarning("Turned away a connection: {Reason}", error.Message);
            connection.Close(error.Message);
        }
        catch (Exception error)
        {
            _silo.Log.LogError(error, "Turned away a connection");
            connection.Close(error.Message);
        }
    }
}
