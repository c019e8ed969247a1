using System.Text;
using SslOrleans.Contracts;

namespace SslOrleans.Learning.Data;

/// <summary>One sample of a shard.</summary>
/// <param name="Key">Name in the shard.</param>
/// <param name="Offset">First byte of the encoded image in the (unpacked) shard.</param>
/// <param name="Length">Bytes of the encoded image.</param>
/// <param name="Label">Class, −1 for none.</param>
/// <param name="Caption">Text, empty for none; each line is a caption.</param>
/// <param name="Hash">XXH3 of the encoded image; 0 when it was not computed.</param>
public readonly record struct ShardSample(string Key, long Offset, int Length, int Label, string Caption, ulong Hash);

/// <summary>What is in a shard, without its pixels: made once, small enough to send and to keep.</summary>
/// <param name="Samples">In the order of the shard.</param>
/// <param name="Classes">Class names that the shard tells; empty when it does not.</param>
/// <param name="Notes">Oddities that stop nothing.</param>
public sealed record ShardIndex(IReadOnlyList<ShardSample> Samples, IReadOnlyList<string> Classes, IReadOnlyList<string> Notes)
{
    private const int Format = 2;

    /// <summary>The index as bytes.</summary>
    public byte[] ToBytes()
    {
        using var memory = new MemoryStream();
        using (var writer = new BinaryWriter(memory, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Format);
            writer.Write(Samples.Count);
            foreach (var sample in Samples)
            {
                writer.Write(sample.Key);
                writer.Write(sample.Offset);
                writer.Write(sample.Length);
                writer.Write(sample.Label);
                writer.Write(sample.Caption);
                writer.Write(sample.Hash);
            }

            Write(writer, Classes);
            Write(writer, Notes);
        }

        return memory.ToArray();
    }

    /// <summary>The index that <see cref="ToBytes"/> wrote; null when the bytes are none.</summary>
    public static ShardIndex? TryParse(byte[] bytes)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(bytes, writable: false), Encoding.UTF8);
            if (reader.ReadInt32() != Format)
                return null;
            var samples = new List<ShardSample>();
            for (var left = reader.ReadInt32(); left > 0; left--)
                samples.Add(new ShardSample(reader.ReadString(), reader.ReadInt64(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadString(), reader.ReadUInt64()));
            return new ShardIndex(samples, Read(reader), Read(reader));
        }
        catch (Exception malformed) when (malformed is EndOfStreamException or FormatException or ArgumentException or IOException)
        {
            return null;
        }
    }

    /// <summary>Reads a shard's index: the one that a packed shard has at its end, or one made by going through a tar.</summary>
    /// <param name="files">Where the shard is.</param>
    /// <param name="shard">*.tar, *.tar.gz, *.tgz or *.sslpack.</param>
    /// <exception cref="UserErrorException">The shard is damaged or holds no image.</exception>
    public static ShardIndex Make(IDataFiles files, DataFile shard)
    {
        using var bytes = new Stores.ShardUnpacker(new SourceOptions()).Open(files, shard);
        return Stores.ShardIndexer.Read(bytes, $"{files.Location}/{shard.Name}", hash: true);
    }

    private static void Write(BinaryWriter writer, IReadOnlyList<string> texts)
    {
        writer.Write(texts.Count);
        foreach (var text in texts)
            writer.Write(text);
    }

    private static List<string> Read(BinaryReader reader)
    {
        var texts = new List<string>();
        for (var left = reader.ReadInt32(); left > 0; left--)
            texts.Add(reader.ReadString());
        return texts;
    }
}
