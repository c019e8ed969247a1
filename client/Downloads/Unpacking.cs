using System.Formats.Tar;
using System.IO.Compression;
using SslOrleans.Contracts;

namespace SslOrleans.Client.Downloads;

/// <summary>A .tar.gz into a folder: whole or not at all, and without the one folder that archives put around everything.</summary>
public static class Unpacking
{
    /// <param name="archive">The .tar.gz.</param>
    /// <param name="folder">Receives what is in it.</param>
    /// <param name="cancellation">Leaves nothing behind.</param>
    /// <exception cref="UserErrorException">It is damaged, leads out of the folder, or the folder cannot be written.</exception>
    public static async Task Unpack(string archive, string folder, CancellationToken cancellation)
    {
        var part = Path.Combine(folder, ".unpacking");
        try
        {
            if (Directory.Exists(part))
                Directory.Delete(part, recursive: true);
            Directory.CreateDirectory(part);
            await using (var gzip = new GZipStream(File.OpenRead(archive), CompressionMode.Decompress))
                await TarFile.ExtractToDirectoryAsync(gzip, part, overwriteFiles: false, cancellation);
            var root = Directory.GetFileSystemEntries(part) is [var only] && Directory.Exists(only) ? only : part;
            foreach (var entry in Directory.GetFileSystemEntries(root))
            {
                var target = Path.Combine(folder, Path.GetFileName(entry));
                if (Directory.Exists(target))
                    Directory.Delete(target, recursive: true);
                if (Directory.Exists(entry))
                    Directory.Move(entry, target);
                else
                    File.Move(entry, target, overwrite: true);
            }
        }
        catch (InvalidDataException e)
        {
            throw new UserErrorException($"{archive}: damaged ({e.Message}); remove it and download it again.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"Cannot unpack {archive} into {folder}: {e.Message}; free space or choose another folder with --to.", e);
        }
        finally
        {
            if (Directory.Exists(part))
                Directory.Delete(part, recursive: true);
        }
    }
}
