using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SslOrleans.Grains.Transfer;

/// <summary>
/// Memory that other processes of this machine can read: a file without a name (memfd_create), reached through /proc. The kernel frees it with the
/// last process that has it open, so a killed process leaves nothing behind, and no folder can be full.
/// </summary>
internal sealed partial class SharedMemory : IDisposable
{
    private const uint CloseOnExec = 1;
    private const string Name = "sslorleans";

    private readonly SafeFileHandle _file;

    private SharedMemory(SafeFileHandle file, long length)
    {
        (_file, Length) = (file, length);
        Path = $"/proc/{Environment.ProcessId}/fd/{file.DangerousGetHandle()}";
    }

    /// <summary>
    /// Names those processes that can read each other's memory: of one boot of one kernel, that see the same processes, and for which the network is
    /// the same, so that hosts which are only network namespaces of one machine are hosts here too. Empty where this does not work.
    /// </summary>
    public static string Machine { get; } = FindMachine();

    /// <summary>Bytes.</summary>
    public long Length { get; }

    /// <summary>The file as processes of this machine open it.</summary>
    public string Path { get; }

    /// <summary>Null when the system has none to give.</summary>
    public static SharedMemory? Create(long length)
    {
        var descriptor = memfd_create(Name, CloseOnExec);
        if (descriptor < 0)
            return null;
        var file = new SafeFileHandle(descriptor, ownsHandle: true);
        try
        {
            RandomAccess.SetLength(file, length);
            return new SharedMemory(file, length);
        }
        catch (IOException)
        {
            file.Dispose();
            return null;
        }
    }

    /// <exception cref="IOException">The system has no memory left.</exception>
    public void Write(ReadOnlySpan<byte> bytes) => RandomAccess.Write(_file, bytes, 0);

    /// <summary>Fills <paramref name="into"/> from an offset on.</summary>
    public void Read(long offset, Span<byte> into) => Fill(_file, offset, into);

    /// <summary>Fills <paramref name="into"/> from the start of what another process wrote.</summary>
    /// <returns>False when the process, or its memory, is not there any more.</returns>
    public static bool TryRead(string path, Span<byte> into)
    {
        try
        {
            // By now the number may be another file's: what is no memory has no length and is not read from, other bytes have another hash.
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            if (RandomAccess.GetLength(file) < into.Length)
                return false;
            Fill(file, 0, into);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return false;
        }
    }

    public void Dispose() => _file.Dispose();

    private static void Fill(SafeFileHandle file, long offset, Span<byte> into)
    {
        while (into.Length > 0)
        {
            var read = RandomAccess.Read(file, into, offset);
            if (read == 0)
                throw new EndOfStreamException();
            into = into[read..];
            offset += read;
        }
    }

    private static string FindMachine()
    {
        try
        {
            return string.Join(' ', File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim(), Namespace("pid"), Namespace("net"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }

        static string Namespace(string kind) => File.ResolveLinkTarget($"/proc/self/ns/{kind}", returnFinalTarget: false)?.Name ?? "";
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int memfd_create(string name, uint flags);
}
