using System.ComponentModel;
using System.Runtime.InteropServices;

namespace SslOrleans.Grains.Storage;

/// <summary>
/// Makes a folder's own entries durable. A renamed or created file survives a power cut only when its folder was synced too,
/// and .NET opens no folders.
/// </summary>
internal static partial class FolderSync
{
    private const int NotSupported = 22;

    /// <exception cref="IOException">The device failed.</exception>
    public static void Flush(string folder)
    {
        // Windows writes folder entries through its journal; there is nothing to call.
        if (OperatingSystem.IsWindows())
            return;
        var handle = Open(folder, 0);
        if (handle < 0)
            throw Failure(folder);
        try
        {
            // Some file systems have nothing to sync for a folder and say EINVAL.
            if (Sync(handle) != 0 && Marshal.GetLastPInvokeError() != NotSupported)
                throw Failure(folder);
        }
        finally
        {
            _ = Close(handle);
        }
    }

    private static IOException Failure(string folder)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"{new Win32Exception(error).Message} : '{folder}'", error);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int handle);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int handle);
}
