using System.Buffers.Binary;
using System.IO.Compression;
using SslOrleans.Contracts;

namespace SslOrleans.Learning.Data.Stores;

/// <summary>
/// Opens tar shards for random access: a plain .tar is read in place, a .tar.gz is unpacked into memory while the budget lasts
/// and into files of the cache folder after that.
/// </summary>
internal sealed class ShardUnpacker(SourceOptions options)
{
    /// <summary>Deflate makes nothing longer than 258 bytes from 2 bits.</summary>
    private const long MostExpansion = 1032;

    private long _memoryLeft = options.MemoryLimit;
    private long _diskLeft = options.CacheLimit;

    /// <summary>A shard of this machine.</summary>
    public ShardBytes Open(string path)
    {
        try
        {
            if (!IsGzip(path))
                return new FileShard(path);
            using var file = File.OpenRead(path);
            return Unpack(path, file);
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new UserErrorException($"{path}: no permission to read it; check the file's owner and mode.", denied);
        }
    }

    /// <summary>A shard that lies elsewhere.</summary>
    public ShardBytes Open(IDataFiles files, DataFile shard)
    {
        using var stream = new RangeStream(files, shard);
        Span<byte> magic = stackalloc byte[2];
        var isGzip = stream.ReadAtLeast(magic, 2, throwOnEndOfStream: false) == 2 && magic is [0x1F, 0x8B];
        if (!isGzip)
            return new RemoteShard(files, shard);
        stream.Position = 0;
        return Unpack($"{files.Location}/{shard.Name}", stream);
    }

    private static bool IsGzip(string path)
    {
        Span<byte> magic = stackalloc byte[2];
        using var file = File.OpenRead(path);
        return file.ReadAtLeast(magic, 2, throwOnEndOfStream: false) == 2 && magic is [0x1F, 0x8B];
    }

    private ShardBytes Unpack(string path, Stream packed)
    {
        try
        {
            // The trailer gives the size modulo 2³², a hint only. Nobody tells of a gzip that is cut short: the tar's end mark does.
            var hint = Math.Min(SizeHint(path, packed), packed.Length * MostExpansion);
            packed.Position = 0;
            using var gzip = new GZipStream(packed, CompressionMode.Decompress);
            return Unpack(path, gzip, hint);
        }
        catch (InvalidDataException damaged)
        {
            throw new UserErrorException($"{path}: damaged gzip ({damaged.Message}); copy or download it again.", damaged);
        }
    }

    private ShardBytes Unpack(string path, GZipStream gzip, long hint)
    {
        if (hint > _memoryLeft)
            return UnpackToFile(path, gzip, []);
        var buffer = new byte[(int)Math.Clamp(hint + 1, 4096, 64 << 20)];
        var length = 0;
        while (true)
        {
            var got = gzip.Read(buffer, length, buffer.Length - length);
            if (got == 0)
                break;
            length += got;
            if (length < buffer.Length)
                continue;
            if (buffer.Length * 2L > Math.Min(_memoryLeft, Array.MaxLength))
                return UnpackToFile(path, gzip, buffer.AsSpan(0, length));
            Array.Resize(ref buffer, buffer.Length * 2);
        }

        _memoryLeft -= buffer.Length;
        return new MemoryShard(buffer, length);
    }

    private FileShard UnpackToFile(string path, GZipStream gzip, ReadOnlySpan<byte> begun)
    {
        var folder = options.CacheFolder ?? Path.GetTempPath();
        Directory.CreateDirectory(folder);
        var target = Path.Combine(folder, $"{Path.GetFileNameWithoutExtension(path)}.{Guid.NewGuid():N}.cache");
        try
        {
            using (var file = new FileStream(target, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20))
            {
                file.Write(begun);
                var buffer = new byte[1 << 20];
                int got;
                while ((got = gzip.Read(buffer)) > 0)
                {
                    if (file.Length + got > _diskLeft)
                        throw new UserErrorException($"{path}: unpacked it exceeds the cache limit of {options.CacheLimit >> 20} MiB in {folder}; "
                            + "pack the data (sslo data pack) or raise the limit.");
                    file.Write(buffer, 0, got);
                }

                _diskLeft -= file.Length;
            }

            return new FileShard(target, deleteOnDispose: true);
        }
        catch (Exception failure)
        {
            File.Delete(target);
            if (failure is IOException)
                throw new UserErrorException($"{path}: cannot unpack into {folder}: {failure.Message}; free space there or choose another cache folder.", failure);
            throw;
        }
    }

    private static uint SizeHint(string path, Stream packed)
    {
        Span<byte> trailer = stackalloc byte[4];
        if (packed.Length < 18)
            throw new UserErrorException($"{path}: a gzip of {packed.Length} bytes is cut short; copy or download it again.");
        packed.Seek(-4, SeekOrigin.End);
        packed.ReadExactly(trailer);
        return BinaryPrimitives.ReadUInt32LittleEndian(trailer);
    }
}
