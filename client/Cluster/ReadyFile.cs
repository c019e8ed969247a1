using SslOrleans.Contracts;

namespace SslOrleans.Client.Cluster;

/// <summary>A file that is there while a silo takes part in the cluster: written when it has joined, gone before it leaves.</summary>
public sealed class ReadyFile : IDisposable
{
    private readonly string _path;

    /// <exception cref="UserErrorException">It cannot be written.</exception>
    public ReadyFile(string path)
    {
        _path = path;
        try
        {
            File.WriteAllText(path, $"{Environment.ProcessId}\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"--ready-file {path}: {e.Message} Name a file in a folder that is there and may be written.", e);
        }
    }

    public void Dispose() => File.Delete(_path);
}
