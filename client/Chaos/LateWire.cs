using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SslOrleans.Contracts;

namespace SslOrleans.Client.Chaos;

/// <summary>
/// A wire between two network devices of a namespace on which Ethernet frames are late, each by a time of its own, so that they may overtake each other.
/// Both devices are TAPs of this process: what the kernel sends to one is read here and written to the other when its time has come. They go with the wire.
/// For kernels without <c>netem</c>.
/// </summary>
internal sealed partial class LateWire : IDisposable
{
    /// <summary>Frames of a device with an MTU of 1,500; a TAP without offloads is given no longer ones.</summary>
    private const int LongestFrame = 2048;

    private readonly CancellationTokenSource _ending = new();
    private readonly SafeFileHandle[] _taps;
    private readonly Thread[] _threads;

    /// <param name="space">Name of the network namespace.</param>
    /// <param name="one">Name of the first device, which is up when this returns.</param>
    /// <param name="other">Name of the second.</param>
    /// <param name="late">How late the n-th frame of a direction is.</param>
    /// <exception cref="UserErrorException">This machine does not let such devices be made.</exception>
    public LateWire(string space, string one, string other, Func<long, TimeSpan> late)
    {
        _taps = NetworkSpace.Within(space, () => new[] { Tap(one), Tap(other) });
        _threads = [Carry(_taps[0], _taps[1], late), Carry(_taps[1], _taps[0], late)];
    }

    public void Dispose()
    {
        _ending.Cancel();
        foreach (var thread in _threads)
            thread.Join();
        foreach (var tap in _taps)
            tap.Dispose();
        _ending.Dispose();
    }

    private static SafeFileHandle Tap(string name)
    {
        var device = new SafeFileHandle(Check(Open("/dev/net/tun", ReadWrite | NonBlocking | CloseOnExec), "open /dev/net/tun"), ownsHandle: true);
        var request = new byte[40];
        Encoding.ASCII.GetBytes(name).CopyTo(request, 0);
        BitConverter.GetBytes((short)(Tap_ | NoPacketInformation)).CopyTo(request, 16);
        Check(Ioctl(device, SetInterface, request), $"make the device {name}");
        return device;
    }

    private Thread Carry(SafeFileHandle from, SafeFileHandle to, Func<long, TimeSpan> late)
    {
        var thread = new Thread(() => Carry(from, to, late, _ending.Token)) { IsBackground = true, Name = "late wire" };
        thread.Start();
        return thread;
    }

    /// <summary>Reads what comes, writes what is due, and sleeps until either is.</summary>
    private static void Carry(SafeFileHandle from, SafeFileHandle to, Func<long, TimeSpan> late, CancellationToken ending)
    {
        var (waiting, clock, count) = (new PriorityQueue<byte[], (TimeSpan Due, long Number)>(), Stopwatch.StartNew(), 0L);
        var buffer = new byte[LongestFrame];
        while (!ending.IsCancellationRequested)
        {
            while (waiting.TryPeek(out var frame, out var next) && next.Due <= clock.Elapsed)
            {
                // A full queue loses it, as a wire's end does.
                _ = Write(to, frame, frame.Length);
                waiting.Dequeue();
            }

            var patience = waiting.TryPeek(out _, out var first) ? Math.Clamp((first.Due - clock.Elapsed).TotalMilliseconds, 0, 20) : 20;
            var poll = new PollRequest { File = (int)from.DangerousGetHandle(), Events = Readable };
            if (Poll(ref poll, 1, (int)Math.Ceiling(patience)) <= 0)
                continue;
            while (Read(from, buffer, buffer.Length) is > 0 and var length)
                waiting.Enqueue(buffer[..(int)length], (clock.Elapsed + late(count), count++));
        }
    }

    private static int Check(int result, string what)
        => result >= 0 ? result : throw new UserErrorException($"--hosts: this machine does not let {what}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}.");

    // From linux/if_tun.h, asm-generic/fcntl.h and poll.h.
    private const int ReadWrite = 2;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const nuint SetInterface = 0x400454ca;
    private const int Tap_ = 2;
    private const int NoPacketInformation = 0x1000;
    private const short Readable = 1;

    [StructLayout(LayoutKind.Sequential)]
    private struct PollRequest
    {
        public int File;
        public short Events;
        public short Happened;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(SafeFileHandle file, nuint request, byte[] argument);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollRequest request, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(SafeFileHandle file, byte[] buffer, nint length);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeFileHandle file, byte[] buffer, nint length);
}
