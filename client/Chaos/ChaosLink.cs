using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace SslOrleans.Client.Chaos;

/// <summary>
/// A stretch of network between two processes of this machine that can fail: a relay from a port of its own to another port.
/// While it is cut nothing gets through in either direction and every connection stays open, which is what a network that loses
/// all packets looks like to TCP: what is sent waits to be sent again.
/// </summary>
public sealed class ChaosLink : IDisposable
{
    private const int BufferLength = 256 << 10;

    private readonly Socket _listener = Loopback();
    private readonly IPEndPoint _target;
    private readonly Lock _gate = new();
    private readonly HashSet<Relayed> _relayed = [];
    private TaskCompletionSource _flowing = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _disposed;

    /// <param name="target">Port of this machine that it leads to; need not listen yet.</param>
    public ChaosLink(int target)
    {
        _target = new IPEndPoint(IPAddress.Loopback, target);
        _flowing.SetResult();
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(512);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _ = Accept();
    }

    /// <summary>Where to connect instead of to the target.</summary>
    public int Port { get; }

    /// <summary>Open ones, those that wait for the end of a cut included.</summary>
    public int Connections
    {
        get
        {
            lock (_gate)
                return _relayed.Count;
        }
    }

    /// <summary>Nothing gets through from here on; new connections wait.</summary>
    public void Cut()
    {
        lock (_gate)
        {
            if (_flowing.Task.IsCompleted && !_disposed)
                _flowing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>The cut is over.</summary>
    /// <param name="deliver">Everything that waited arrives, late and in order; else every connection breaks and what waited is lost.</param>
    public void Heal(bool deliver)
    {
        lock (_gate)
        {
            if (!deliver)
                BreakAll();
            _flowing.TrySetResult();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _listener.Dispose();
            BreakAll();
            _flowing.TrySetResult();
        }
    }

    private static Socket Loopback() => new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    private void BreakAll()
    {
        foreach (var relayed in _relayed)
            relayed.Break();
        _relayed.Clear();
    }

    /// <summary>Waits while the link is cut.</summary>
    private Task Flowing()
    {
        lock (_gate)
            return _flowing.Task;
    }

    private async Task Accept()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                if (_disposed)
                    return;
                continue;
            }

            var relayed = new Relayed(socket);
            lock (_gate)
            {
                if (_disposed)
                {
                    relayed.Break();
                    return;
                }

                _relayed.Add(relayed);
            }

            _ = Relay(relayed);
        }
    }

    private async Task Relay(Relayed relayed)
    {
        try
        {
            await Flowing();
            await relayed.Target.ConnectAsync(_target);
            await Task.WhenAll(Pump(relayed, relayed.Source, relayed.Target), Pump(relayed, relayed.Target, relayed.Source));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Nobody listens there, or the link was broken.
        }

        relayed.Break();
        lock (_gate)
            _relayed.Remove(relayed);
    }

    /// <summary>Carries bytes one way until that way ends. An end, orderly or not, gets through no sooner than bytes do.</summary>
    private async Task Pump(Relayed relayed, Socket from, Socket to)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferLength);
        try
        {
            while (true)
            {
                var count = await from.ReceiveAsync(buffer.AsMemory());
                await Flowing();
                if (count == 0)
                {
                    to.Shutdown(SocketShutdown.Send);
                    return;
                }

                for (var sent = 0; sent < count;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            await Flowing();
            relayed.Break();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Both halves of one connection.</summary>
    private sealed class Relayed
    {
        public Relayed(Socket source)
        {
            Source = source;
            Source.NoDelay = true;
        }

        public Socket Source { get; }

        public Socket Target { get; } = Loopback();

        /// <summary>Closes both; what was not delivered by now is lost.</summary>
        public void Break()
        {
            Source.Dispose();
            Target.Dispose();
        }
    }
}
