using System.Net.Sockets;

namespace Orleans.Runtime;

/// <summary>
/// What the silence of a process on this machine means. One that the kernel has stopped is dead after the patience that was
/// configured; one that merely gets no processor time on a busy machine is given ten times that.
/// </summary>
internal sealed class Silence(int processId, TimeSpan patience)
{
    private const int GraceForTheStarved = 10;

    public bool MeansDeath(long milliseconds) =>
        milliseconds > patience.TotalMilliseconds && (milliseconds > patience.TotalMilliseconds * GraceForTheStarved || IsStopped());

    private bool IsStopped()
    {
        try
        {
            var state = File.ReadAllText($"/proc/{processId}/stat");
            return state[state.LastIndexOf(')') + 2] is 'T' or 'Z' or 'X';
        }
        catch (IOException)
        {
            // Without a Linux kernel to ask, or without the process, silence is all there is to know.
            return true;
        }
    }
}

/// <summary>
/// Beats to one process over a connection of their own, from a thread of their own, so that a busy thread pool never looks
/// like a hung process. Each beat is one byte, and so is its echo.
/// </summary>
internal sealed class HeartbeatSender : IDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly Socket _socket;
    private readonly Silence _silence;
    private readonly Action _onSilence;
    private volatile bool _disposed;

    public HeartbeatSender(Socket socket, int processId, TimeSpan patience, Action onSilence)
    {
        _socket = socket;
        _silence = new Silence(processId, patience);
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
            while (!_disposed)
            {
                _socket.Send(beat);
                var since = Environment.TickCount64;
                while (!_socket.Poll(Interval, SelectMode.SelectRead))
                {
                    if (!_silence.MeansDeath(Environment.TickCount64 - since))
                        continue;
                    if (!_disposed)
                        _onSilence();
                    return;
                }
                if (_socket.Receive(beat) == 0)
                    return;
                Thread.Sleep(Interval);
            }
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

    public void Add(Socket socket, int processId, Action onSilence)
    {
        lock (_beats)
            _beats[socket] = new Beat(new Silence(processId, _patience), onSilence) { Last = Environment.TickCount64 };
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
            silent = [.. _beats.Where(entry => entry.Value.Silence.MeansDeath(now - entry.Value.Last))];
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

    private sealed class Beat(Silence silence, Action onSilence)
    {
        public Silence Silence { get; } = silence;

        public long Last { get; set; }

        public Action OnSilence { get; } = onSilence;
    }
}
