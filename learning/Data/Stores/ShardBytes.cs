using SslOrleans.Contracts;

namespace SslOrleans.Learning.Data.Stores;

/// <summary>The bytes of one uncompressed shard: in memory, or read from a file by range.</summary>
internal abstract class ShardBytes : IDisposable
{
    public abstract long Length { get; }

    public abstract ReadOnlySpan<byte> Range(long offset, int length, ref byte[] scratch);

    /// <summary>The same, past everything that a cache keeps.</summary>
    public virtual ReadOnlySpan<byte> RangeThrough(long offset, int length, ref byte[] scratch) => Range(offset, length, ref scratch);

    public abstract Stream OpenStream();

    public virtual void Dispose()
    {
    }
}

internal sealed class MemoryShard(byte[] bytes, int length) : ShardBytes
{
    public override long Length => length;

    public override ReadOnlySpan<byte> Range(long offset, int count, ref byte[] scratch) => bytes.AsSpan((int)offset, count);

    public override Stream OpenStream() => new MemoryStream(bytes, 0, length, writable: false);
}

/// <summary>A file that must not change while it is open: its length and time of writing are looked at with every read.</summary>
internal sealed class FileShard : ShardBytes
{
    private readonly string _path;
    private readonly bool _deleteOnDispose;
    private readonly Microsoft.Win32.SafeHandles.SafeFileHandle _file;
    private readonly DateTime _written;

    public FileShard(string path, bool deleteOnDispose = false)
    {
        _path = path;
        _deleteOnDispose = deleteOnDispose;
        _file = File.OpenHandle(path, options: FileOptions.RandomAccess);
        Length = RandomAccess.GetLength(_file);
        _written = File.GetLastWriteTimeUtc(_file);
    }

    public override long Length { get; }

    public override ReadOnlySpan<byte> Range(long offset, int count, ref byte[] scratch)
    {
        if (scratch.Length < count)
            scratch = new byte[Math.Max(count, 64 * 1024)];
        var target = scratch.AsSpan(0, count);
        var read = 0;
        while (read < count)
        {
            var got = RandomAccess.Read(_file, target[read..], offset + read);
            if (got == 0)
                throw Changed();
            read += got;
        }

        if (RandomAccess.GetLength(_file) != Length || File.GetLastWriteTimeUtc(_file) != _written)
            throw Changed();
        return target;
    }

    public override Stream OpenStream() => new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.Read, 64 * 1024);

    public override void Dispose()
    {
        _file.Dispose();
        if (_deleteOnDispose)
            File.Delete(_path);
    }

    private UserErrorException Changed() =>
        new($"{_path}: the shard changed while the run was reading it; put the old file back, or start a new run with the new data.");
}

/// <summary>A shard that is read by range from wherever it is.</summary>
internal sealed class RemoteShard(IDataFiles files, DataFile file) : ShardBytes
{
    public override long Length => file.Length;

    public override ReadOnlySpan<byte> Range(long offset, int count, ref byte[] scratch) => Fill(files.Read, offset, count, ref scratch);

    public override ReadOnlySpan<byte> RangeThrough(long offset, int count, ref byte[] scratch) =>
        Fill(files is CachedFiles cached ? cached.ReadThrough : files.Read, offset, count, ref scratch);

    public override Stream OpenStream() => new RangeStream(files, file);

    private Span<byte> Fill(Action<DataFile, long, Memory<byte>> read, long offset, int count, ref byte[] scratch)
    {
        if (scratch.Length < count)
            scratch = new byte[Math.Max(count, 64 * 1024)];
        read(file, offset, scratch.AsMemory(0, count));
        return scratch.AsSpan(0, count);
    }
}
