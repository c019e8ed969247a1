using SslOrleans.Contracts;

namespace SslOrleans.Client.Cluster;

/// <summary>A file that is there while a silo takes part in the cluster: written when it has joined, gone before it leaves and while it joins again.</summary>
public sealed class ReadyFile : IDisposable
{
    private readonly string _path;

    /// <exception cref="UserErrorException">It cannot be written.</exception>
    public ReadyFile(string path)
    {
        // Tried beside it before the silo joins, so that a mistake is told at once and nobody takes the silo for ready.
        _path = path;
        Write(path + ".try");
        File.Delete(path + ".try");
        File.Delete(path);
    }

    /// <exception cref="UserErrorException">It cannot be written.</exception>
    public void Set(bool takesPart)
    {
        if (takesPart)
            Write(_path);
        else
            File.Delete(_path);
    }

    private void Write(string path)
    {
        try
        {
            File.WriteAllText(path, $"{Environment.ProcessId}\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"--ready-file {_path}: {e.Message} Name a file in a folder that is there and may be written.", e);
        }
    }

    public void Dispose() => File.Delete(_path);
}
