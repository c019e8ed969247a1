using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Learning.Data;

namespace SslOrleans.Grains.Data;

/// <summary>A data set's files as the grains serve them. Its callers are threads of their own, never a grain's scheduler.</summary>
internal sealed class GrainDataFiles(IGrainFactory grains, string location) : IDataFiles
{
    /// <summary>Longest answer to ask for.</summary>
    private const int PartLength = 4 << 20;

    public string Location => location;

    public IReadOnlyList<DataFile> List()
        => [.. Wait(grains.GetGrain<IDataSetGrain>(location).List()).Select(e => new DataFile(e.Name, e.Length, e.Version))];

    public void Read(DataFile file, long offset, Memory<byte> target)
    {
        var grain = grains.GetGrain<IDataShardGrain>(IDataShardGrain.KeyOf(location, file.Name));
        for (var at = 0; at < target.Length; at += PartLength)
        {
            var part = Wait(grain.Read(Entry(file), offset + at, Math.Min(PartLength, target.Length - at)));
            part.Value.CopyTo(target[at..]);
        }
    }

    /// <summary>The index that the shard's grain made or kept.</summary>
    public static ShardIndex Index(IGrainFactory grains, string location, DataFile file)
    {
        var grain = grains.GetGrain<IDataShardGrain>(IDataShardGrain.KeyOf(location, file.Name));
        using var bytes = new MemoryStream();
        for (var (part, parts) = (0, 1); part < parts; part++)
        {
            var answer = Wait(grain.Index(Entry(file), part));
            parts = answer.Parts;
            bytes.Write(answer.Bytes.Value);
        }

        return ShardIndex.TryParse(bytes.ToArray()) ?? throw new InvalidDataException($"The index of {location}/{file.Name} came in pieces that do not fit.");
    }

    public void Dispose()
    {
    }

    private static DataFileEntry Entry(DataFile file) => new(file.Name, file.Length, file.Version);

    private static T Wait<T>(Task<T> call) => call.ConfigureAwait(false).GetAwaiter().GetResult();
}
