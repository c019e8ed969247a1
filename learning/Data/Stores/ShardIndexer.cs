using SslOrleans.Contracts;

namespace SslOrleans.Learning.Data.Stores;

/// <summary>Makes the index of a shard by what it is.</summary>
internal static class ShardIndexer
{
    /// <param name="shard">Uncompressed.</param>
    /// <param name="name">For messages.</param>
    /// <param name="hash">Hash every image of a tar too, which reads all of it; packed shards hold their hashes.</param>
    /// <exception cref="UserErrorException">The shard is damaged or holds no image.</exception>
    public static ShardIndex Read(ShardBytes shard, string name, bool hash)
    {
        var index = PackedFormat.Is(name) ? PackedFormat.ReadEnd(shard, name) : TarSamples.Read(shard, name, hash);
        return index.Samples.Count > 0
            ? index
            : throw new UserErrorException($"{name}: the shard holds no image (jpg, jpeg, png, tif or tiff); remove it or pack it again.");
    }
}
