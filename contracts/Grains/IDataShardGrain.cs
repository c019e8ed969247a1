using Orleans.Concurrency;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Contracts.Grains;

/// <summary>
/// The files of a data set, for workers that cannot reach them. Key: where it is, a folder of the grain's machine, <c>azure:CONTAINER/FOLDER</c>
/// or an https address.
/// </summary>
[Alias("SslOrleans.IDataSetGrain")]
public interface IDataSetGrain : IGrainWithStringKey
{
    /// <summary>Files of the data set, in the order of their names.</summary>
    /// <exception cref="UserErrorException">Nothing is there, or it may not be read.</exception>
    [ResponseTimeout("00:02:00")]
    Task<DataFileEntry[]> List();
}

/// <summary>
/// A shard, or another file of the data set: makes a shard's index once, keeps it in the run storage, and serves its bytes. Key: <see cref="KeyOf"/>. Reading is repeatable:
/// the same version gives the same bytes, and another version is refused.
/// </summary>
[Alias("SslOrleans.IDataShardGrain")]
public interface IDataShardGrain : IGrainWithStringKey
{
    /// <summary>Key of a data set's shard.</summary>
    static string KeyOf(string location, string shard) => $"{location}|{shard}";

    /// <summary>A part of the shard's index; making it the first time reads a tar from end to end.</summary>
    /// <exception cref="UserErrorException">The shard is damaged, or is of another version by now.</exception>
    [ResponseTimeout("00:30:00")]
    Task<DataShardIndexPart> Index(DataFileEntry shard, int part);

    /// <summary>Bytes of the shard, at most 4 MiB.</summary>
    /// <exception cref="UserErrorException">The shard changed.</exception>
    [AlwaysInterleave]
    [ResponseTimeout("00:02:00")]
    Task<Immutable<byte[]>> Read(DataFileEntry shard, long offset, int length);

    /// <summary>What it holds, for people.</summary>
    [AlwaysInterleave]
    Task<ShardFacts> GetState();
}
