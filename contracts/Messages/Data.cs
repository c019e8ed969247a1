using Orleans.Concurrency;

namespace SslOrleans.Contracts.Messages;

/// <summary>A file of a data set.</summary>
/// <param name="Name">Path below the data set's root, with <c>/</c>.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Version">Another one after every change.</param>
[GenerateSerializer]
[Immutable]
[Alias("SslOrleans.DataFileEntry")]
public sealed record DataFileEntry(
    [property: Id(0)] string Name,
    [property: Id(1)] long Length,
    [property: Id(2)] string Version);

/// <summary>A part of a shard's index, at most 4 MiB.</summary>
/// <param name="Parts">Parts in all.</param>
/// <param name="Bytes">This part.</param>
[GenerateSerializer]
[Alias("SslOrleans.DataShardIndexPart")]
public sealed record DataShardIndexPart(
    [property: Id(0)] int Parts,
    [property: Id(1)] Immutable<byte[]> Bytes);
