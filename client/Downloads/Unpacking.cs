using System.Formats.Tar;
using System.IO.Compression;
using SslOrleans.Contracts;

namespace SslOrleans.Client.Downloads;

/// <summary>A .tar.gz into a folder: whole or not at all, and without the one folder that archives put around everything.</summary>
public static class Unpacking
{
    /// <summary>Refuses a folder that holds something: nothing of it would be safe.</summary>
    /// <exception cref="UserErrorException">There is something in the folder, or a file of that name.</exception>
    public static void MustBeFree(string folder)
    {
        if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
            throw new UserErrorException($"{folder} is not empty; remove it to fetch the data set anew, or name another folder with --to.");
    }

    /// <param name="archive">The .tar.gz.</param>
    /// <param name="folder">Receives what is in it; must not be there, or be empty.</param>
    /// <param name="cancellation">Leaves nothing behind.</param>
    /// <exception cref="UserErrorException">It is damaged, leads out of the folder, or the folder is not empty or cannot be written.</exception>
    public static async Task Unpack(string archive, string folder, CancellationToken cancellation)
    {
        MustBeFree(folder);
        var part = Path.GetFullPath(folder).TrimEnd('/') + ".unpacking";
        try
        {
            Remove(part);
            Directory.CreateDirectory(part);
            await using (var gzip = new GZipStream(File.OpenRead(archive), CompressionMode.Decompress))
                await TarFile.ExtractToDirectoryAsync(gzip, part, overwriteFiles: false, cancellation);
            var root = Directory.GetFileSystemEntries(part) is [var only] && Directory.Exists(only) ? only : part;
            if (Directory.Exists(folder))
                Directory.Delete(folder);
            Directory.Move(root, folder);
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
            Remove(part);
        }
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }
}
