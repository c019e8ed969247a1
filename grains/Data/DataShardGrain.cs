using System.IO.Hashing;
using System.Text;
using Orleans.Concurrency;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Data;

namespace SslOrleans.Grains.Data;

/// <summary>
/// One shard. Its index is a function of the shard's content, kept in the run storage under location, name and version; so it is made
/// once, whatever is lost.
/// </summary>
[OnParameterSilo]
[Reentrant]
public sealed class DataShardGrain(IRunStorage storage) : Grain, IDataShardGrain
{
    /// <summary>Longest answer.</summary>
    internal const int PartLength = 4 << 20;

    private readonly Dictionary<string, Task<byte[]>> _indexes = [];
    private IDataFiles? _files;
    private string _version = "";
    private long _served;

    private string Location => this.GetPrimaryKeyString()[..this.GetPrimaryKeyString().LastIndexOf('|')];

    public async Task<DataShardIndexPart> Index(DataFileEntry shard, int part)
    {
        if (!_indexes.TryGetValue(shard.Version, out var index) || index.IsFaulted)
            _indexes[shard.Version] = index = FindOrMake(shard);
        _version = shard.Version;
        var bytes = await index;
        var from = Math.Min((long)part * PartLength, bytes.Length);
        return new DataShardIndexPart(
            Math.Max(1, (bytes.Length + PartLength - 1) / PartLength),
            new Immutable<byte[]>(bytes[(int)from..(int)Math.Min(from + PartLength, bytes.Length)]));
    }

    public async Task<Immutable<byte[]>> Read(DataFileEntry shard, long offset, int length)
    {
        var bytes = await DataReads.Read(Files(), shard, offset, length);
        _version = shard.Version;
        _served += bytes.Value.Length;
        return bytes;
    }

    public Task<ShardFacts> GetState()
    {
        var index = _indexes.GetValueOrDefault(_version);
        return Task.FromResult(new ShardFacts(
            this.GetPrimaryKeyString()[(Location.Length + 1)..],
            Location,
            _version,
            index is { IsCompletedSuccessfully: true } ? index.Result.Length : null,
            _served,
            index is { IsCompleted: false } ? "its index, which is made" : ""));
    }

    public override Task OnDeactivateAsync(Orleans.DeactivationReason reason, CancellationToken cancellationToken)
    {
        _files?.Dispose();
        return Task.CompletedTask;
    }

    private async Task<byte[]> FindOrMake(DataFileEntry shard)
    {
        var name = Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes($"{Location}\n{shard.Name}\n{shard.Length}\n{shard.Version}")));
        var path = $"data-index/{name}.index";
        if (await storage.Read(path) is { } kept && ShardIndex.TryParse(kept) is not null)
            return kept;
        var files = Files();
        var bytes = await Task.Run(() =>
        {
            // Read in blocks and ahead, but kept nowhere: workers keep what they read themselves.
            using var blocks = new CachedFiles(new Lent(files), new CacheOptions(), _ => { });
            return ShardIndex.Make(blocks, DataReads.File(shard)).ToBytes();
        });
        try
        {
            await storage.Write(path, bytes);
        }
        catch (StorageUnavailableException)
        {
            // It is made again when it is asked for again.
        }

        return bytes;
    }

    private IDataFiles Files() => _files ??= DataLocations.Open(Location);

    /// <summary>Files that stay open when the borrower is done.</summary>
    private sealed class Lent(IDataFiles files) : IDataFiles
    {
        public string Location => files.Location;

        public IReadOnlyList<DataFile> List() => files.List();

        public void Read(DataFile file, long offset, Memory<byte> target) => files.Read(file, offset, target);

        public void Dispose()
        {
        }
    }
}

/// <summary>The list of a data set's files.</summary>
[OnParameterSilo]
[Reentrant]
public sealed class DataSetGrain : Grain, IDataSetGrain
{
    private IDataFiles? _files;

    public Task<DataFileEntry[]> List()
    {
        var files = Files();
        return Task.Run(() => files.List().Select(f => new DataFileEntry(f.Name, f.Length, f.Version)).ToArray());
    }

    private IDataFiles Files() => _files ??= DataLocations.Open(this.GetPrimaryKeyString());
}

/// <summary>Reading on behalf of somebody else.</summary>
internal static class DataReads
{
    public static DataFile File(DataFileEntry entry) => new(entry.Name, entry.Length, entry.Version);

    /// <summary>Bytes of a listed file, never of a path outside of the data set.</summary>
    public static Task<Immutable<byte[]>> Read(IDataFiles files, DataFileEntry entry, long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, DataShardGrain.PartLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + length, entry.Length);
        _ = StoragePaths.File(entry.Name);
        return Task.Run(() =>
        {
            var bytes = GC.AllocateUninitializedArray<byte>(length);
            files.Read(File(entry), offset, bytes);
            return new Immutable<byte[]>(bytes);
        });
    }
}
