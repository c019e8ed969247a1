using System.Collections.Concurrent;

namespace SslOrleans.Learning.Data;

/// <summary>
/// Files that lie elsewhere, read in blocks that are kept on a local disk and read ahead. Once the limit is reached nothing is put in
/// place of what is there: every sample is read once an epoch in a random order, and then keeping what one has finds more than
/// any exchange would; what is not kept is read by its exact range. A disk that is full ends the keeping and nothing else.
/// </summary>
public sealed class CachedFiles : IDataFiles
{
    /// <summary>Blocks that are fetched ahead at a time.</summary>
    private const int AheadAtOnce = 2;

    private readonly IDataFiles _inner;
    private readonly int _block;
    private readonly BlockMemory _memory;
    private readonly BlockFolder? _folder;
    private readonly ConcurrentDictionary<(DataFile File, long Block), Lazy<byte[]>> _arriving = new();
    private readonly ConcurrentDictionary<DataFile, long> _lastEnd = new();
    private readonly SemaphoreSlim _ahead = new(AheadAtOnce, AheadAtOnce);
    private readonly CancellationTokenSource _closing = new();
    private long _fetchedBytes;

    /// <param name="inner">Where the files are.</param>
    /// <param name="options">Folder and limits.</param>
    /// <param name="tell">Told once, for people, when keeping ends early.</param>
    public CachedFiles(IDataFiles inner, CacheOptions options, Action<string> tell)
        : this(inner, options, tell, path => new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None))
    {
    }

    internal CachedFiles(IDataFiles inner, CacheOptions options, Action<string> tell, Func<string, Stream> create)
    {
        (_inner, _block) = (inner, options.BlockLength);
        _memory = new BlockMemory(options.MemoryBlocks);
        _folder = options is { Folder: { } folder, Limit: > 0 } ? new BlockFolder(inner.Location, folder, options.Limit, tell, create) : null;
    }

    public string Location => _inner.Location;

    /// <summary>Bytes that were read from where the files are.</summary>
    public long FetchedBytes => Interlocked.Read(ref _fetchedBytes);

    public IReadOnlyList<DataFile> List()
    {
        var files = _inner.List();
        _folder?.Known(files);
        return files;
    }

    public void Read(DataFile file, long offset, Memory<byte> target)
    {
        // A reader that goes through a file from its beginning, as who makes an index, wants whole blocks even when none is kept.
        var sequential = _lastEnd.TryGetValue(file, out var end) ? offset >= end && offset - end < _block : offset == 0;
        _lastEnd[file] = offset + target.Length;
        while (target.Length > 0)
        {
            var (block, skip) = Math.DivRem(offset, _block);
            var count = (int)Math.Min(target.Length, _block - skip);
            ReadPart(file, block, (int)skip, target[..count], sequential);
            (offset, target) = (offset + count, target[count..]);
        }
    }

    /// <summary>The bytes as they are where the files are, past everything that is kept.</summary>
    public void ReadThrough(DataFile file, long offset, Memory<byte> target)
    {
        _inner.Read(file, offset, target);
        Interlocked.Add(ref _fetchedBytes, target.Length);
    }

    public void Dispose()
    {
        _closing.Cancel();
        for (var i = 0; i < AheadAtOnce; i++)
            _ahead.Wait();
        _inner.Dispose();
        _closing.Dispose();
    }

    private void ReadPart(DataFile file, long block, int skip, Memory<byte> target, bool sequential)
    {
        if (_memory.TryGet((file, block)) is { } kept)
        {
            kept.AsMemory(skip, target.Length).CopyTo(target);
        }
        else if (_folder?.TryRead(file, block, BlockLength(file, block), skip, target.Span) == true)
        {
            return;
        }
        else if (sequential || _folder is { HasRoom: true })
        {
            Fetch(file, block).AsMemory(skip, target.Length).CopyTo(target);
            ReadAhead(file, block + 1, sequential);
        }
        else
        {
            ReadThrough(file, (block * _block) + skip, target);
        }
    }

    /// <summary>A whole block, fetched once however many ask for it.</summary>
    private byte[] Fetch(DataFile file, long block)
    {
        var arriving = _arriving.GetOrAdd((file, block), key => new Lazy<byte[]>(() =>
        {
            var bytes = new byte[BlockLength(key.File, key.Block)];
            ReadThrough(key.File, key.Block * _block, bytes);
            _folder?.Keep(key.File, key.Block, bytes);
            _memory.Keep(key, bytes);
            return bytes;
        }));
        try
        {
            return arriving.Value;
        }
        finally
        {
            _arriving.TryRemove((file, block), out _);
        }
    }

    private void ReadAhead(DataFile file, long block, bool sequential)
    {
        if (block * _block >= file.Length || _memory.Has((file, block)) || _folder?.Has(file, block, BlockLength(file, block)) == true
            || (!sequential && _folder is not { HasRoom: true }) || _closing.IsCancellationRequested || !_ahead.Wait(0))
            return;
        _ = Task.Run(() =>
        {
            try
            {
                if (!_closing.IsCancellationRequested)
                    Fetch(file, block);
            }
            catch (Exception)
            {
                // Whoever needs the block fetches it again and hears of it.
            }
            finally
            {
                _ahead.Release();
            }
        });
    }

    private int BlockLength(DataFile file, long block) => (int)Math.Min(_block, file.Length - (block * _block));
}
