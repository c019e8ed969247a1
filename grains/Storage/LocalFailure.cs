namespace SslOrleans.Grains.Storage;

/// <summary>What a failed file operation means for a run: wait, or ask a person. .NET keeps the system's error number in HResult.</summary>
internal static class LocalFailure
{
    private const int InputOutput = 5, TryAgain = 11, NoSpace = 28, ReadOnly = 30, Quota = 122;
    private const int WindowsSharing = unchecked((int)0x80070020), WindowsLock = unchecked((int)0x80070021), WindowsFull = unchecked((int)0x80070070);

    /// <summary>Another process has the file open by itself.</summary>
    public static bool IsSharing(IOException e) => e.HResult is TryAgain or WindowsSharing or WindowsLock;

    public static StorageUnavailableException Describe(string what, string path, string root, Exception e)
    {
        var (reason, transient) = e switch
        {
            UnauthorizedAccessException => ("permission denied; give this user the right to write there", false),
            FileNotFoundException or DirectoryNotFoundException => ("it is not there", false),
            PathTooLongException => ("the path is too long; use a shorter run name", false),
            { HResult: NoSpace or WindowsFull } => ("the disk is full; free some space", true),
            { HResult: Quota } => ("the disk quota is used up; free some space", true),
            { HResult: ReadOnly } => ("the file system is read-only; mount it writable", false),
            { HResult: InputOutput } => ("the device reports an input/output error; check the disk", true),
            IOException io when IsSharing(io) => ("another process holds it open", true),
            _ => (e.Message, true),
        };
        return new StorageUnavailableException($"Cannot {what} {path} in {root}: {reason}.", transient, e);
    }
}
