using System.Net;
using System.Net.Sockets;
using SslOrleans.Contracts;

namespace SslOrleans.Silo.Lifelines;

/// <summary>
/// The end of the lifelines at the silo that lives: accepts connections and keeps them open until the process ends. Nothing is ever
/// said on them; whoever sends something is cut off.
/// </summary>
internal sealed class LifelineListener : IDisposable
{
    /// <summary>More than a cluster has silos; a stranger who opens connections gets no further.</summary>
    private const int MostConnections = 4096;

    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _end = new();
    private int _connections;

    private LifelineListener(TcpListener listener) => _listener = listener;

    /// <summary>Where silos connect.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <param name="address">Address of this machine.</param>
    /// <param name="port">0: a free one.</param>
    /// <exception cref="UserErrorException">The port is taken.</exception>
    public static LifelineListener Open(IPAddress address, int port)
    {
        var listener = new TcpListener(address, port);
        try
        {
            listener.Start(backlog: 256);
        }
        catch (SocketException e)
        {
            listener.Dispose();
            throw new UserErrorException($"--lifeline {port} cannot be used on {address}: {e.Message}; choose another, or leave it out for a free one.", e);
        }

        var opened = new LifelineListener(listener);
        _ = opened.Accept();
        return opened;
    }

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
    }

    private async Task Accept()
    {
        while (!_end.IsCancellationRequested)
        {
            try
            {
                _ = Hold(await _listener.AcceptSocketAsync(_end.Token));
            }
            catch (SocketException)
            {
                // That connection was gone before it was taken; the next one may be well.
                await Task.Yield();
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
        }
    }

    private async Task Hold(Socket connection)
    {
        using (connection)
        {
            try
            {
                if (Interlocked.Increment(ref _connections) <= MostConnections)
                    await connection.ReceiveAsync(new byte[1], _end.Token); // Returns when the other side ends, or says something.
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // It broke, or this silo ends: closing is all that is left.
            }
            finally
            {
                Interlocked.Decrement(ref _connections);
            }
        }
    }
}
