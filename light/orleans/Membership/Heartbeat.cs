using System.Net;
using System.Net.Sockets;
using Orleans.Messaging;

namespace Orleans.Runtime;

/// <summary>
/// Beats to one process over a connection of their own, from a thread of their own, so that a busy thread pool never looks
/// like a hung process. Each beat is one byte, and so is its echo.
/// </summary>
internal sealed class HeartbeatSender : IDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly Socket _socket;
    private readonly TimeSpan _patience;
    private readonly Action _onSilence;
    private volatile bool _disposed;

    public HeartbeatSender(Socket socket, TimeSpan patience, Action onSilence)
    {
        _socket = socket;
        _patience = patience;
        _onSilence = onSilence;
        new Thread(Run) { IsBackground = true, Name = "Orleans heartbeat" }.Start();
    }

    public void Dispose()
    {
        _disposed = true;
        _socket.Dispose();
    }

    private void Run()
    {
        var beat = new byte[1];
        try
        {
            _socket.ReceiveTimeout = (int)_patience.TotalMilliseconds;
            while (!_disposed)
            {
                _socket.Send(beat);
                if (_socket.Receive(beat) == 0)
                    return;
                Thread.Sleep(Interval);
            }
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
        {
            if (!_disposed)
                _onSilence();
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Closed: the main connection to the same process says what that means.
        }
    }
}

/// <summary>Echoes the beats of all processes that are connected to this one, and reports those that fall silent.</summary>
internal sealed class HeartbeatMonitor : IDisposable
{
    private readonly Dictionary<Socket, Beat> _beats = [];
    private readonly TimeSpan _patience;
    private volatile bool _disposed;

    public HeartbeatMonitor(TimeSpan patience)
    {
        _patience = patience;
        new Thread(Run) { IsBackground = true, Name = "Orleans heartbeat monitor" }.Start();
    }

    public void Add(Socket socket, Action onSilence)
    {
        lock (_beats)
            _beats[socket] = new Beat(onSilence) { Last = Environment.TickCount64 };
    }

    public void Dispose()
    {
        _disposed = true;
        lock (_beats)
        {
            foreach (var socket in _beats.Keys)
                socket.Dispose();
            _beats.Clear();
        }
    }

    private void Run()
    {
        var last = Environment.TickCount64;
        while (!_disposed)
        {
            Socket[] sockets;
            lock (_beats)
                sockets = [.. _beats.Keys];
            Echo(sockets);
            var now = Environment.TickCount64;
            // If this process itself was stopped for a while, the others' silence proves nothing.
            Judge(now, stalled: now - last > _patience.TotalMilliseconds / 2);
            last = now;
        }
    }

    private void Echo(Socket[] sockets)
    {
        if (sockets.Length == 0)
        {
            Thread.Sleep(HeartbeatSender.Interval);
            return;
        }
        var ready = sockets.ToList();
        try
        {
            Socket.Select(ready, null, null, HeartbeatSender.Interval);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return;
        }
        var buffer = new byte[16];
        foreach (var socket in ready)
        {
            try
            {
                if (socket.Receive(buffer) == 0)
                {
                    Remove(socket);
                    continue;
                }
                socket.Send(buffer.AsSpan(0, 1));
                lock (_beats)
                {
                    if (_beats.TryGetValue(socket, out var beat))
                        beat.Last = Environment.TickCount64;
                }
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                Remove(socket);
            }
        }
    }

    private void Judge(long now, bool stalled)
    {
        KeyValuePair<Socket, Beat>[] silent;
        lock (_beats)
        {
            if (stalled)
            {
                foreach (var beat in _beats.Values)
                    beat.Last = now;
            }
            silent = [.. _beats.Where(entry => now - entry.Value.Last > _patience.TotalMilliseconds)];
        }
        foreach (var (socket, beat) in silent)
        {
            Remove(socket);
            beat.OnSilence();
        }
    }

    private void Remove(Socket socket)
    {
        lock (_beats)
            _beats.Remove(socket);
        socket.Dispose();
    }

    private sealed class Beat(Action onSilence)
    {
        public long Last { get; set; }

        public Action OnSilence { get; } = onSilence;
    }
}
