using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using SslOrleans.Contracts;

namespace SslOrleans.Learning.Data.Stores;

/// <summary>
/// The project's own shard, *.sslpack: "SSLPACK1", the encoded images, an index with offset, length, label, hash, key and caption of each,
/// the class names, and a footer that says where the index lies and what its hash is. Little-endian.
/// Any image is found without reading another, and every read is checked against its hash.
/// </summary>
internal static class PackedFormat
{
    public const string Extension = ".sslpack";
    public const int FooterSize = 8 + 8 + 4 + 16 + 8;

    public static ReadOnlySpan<byte> Magic => "SSLPACK1"u8;

    public static bool Is(string path) => path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase);

    public static ulong Hash(ReadOnlySpan<byte> bytes) => XxHash3.HashToUInt64(bytes);

    /// <summary>Writes index and footer behind the images.</summary>
    public static void WriteEnd(Stream file, IReadOnlyList<ShardSample> samples, IReadOnlyList<string> classes)
    {
        var offset = file.Position;
        using var memory = new MemoryStream();
        using (var writer = new BinaryWriter(memory, Encoding.UTF8, leaveOpen: true))
        {
            foreach (var sample in samples)
            {
                writer.Write(sample.Offset);
                writer.Write(sample.Length);
                writer.Write(sample.Label);
                writer.Write(sample.Hash);
                writer.Write(sample.Key);
                writer.Write(sample.Caption);
            }

            writer.Write(classes.Count);
            foreach (var name in classes)
                writer.Write(name);
        }

        var index = memory.GetBuffer().AsSpan(0, (int)memory.Length);
        file.Write(index);
        var footer = new byte[FooterSize];
        BinaryPrimitives.WriteInt64LittleEndian(footer, offset);
        BinaryPrimitives.WriteInt64LittleEndian(footer.AsSpan(8), index.Length);
        BinaryPrimitives.WriteInt32LittleEndian(footer.AsSpan(16), samples.Count);
        XxHash128.Hash(index, footer.AsSpan(20));
        Magic.CopyTo(footer.AsSpan(36));
        file.Write(footer);
    }

    /// <summary>Reads and checks the index.</summary>
    public static ShardIndex ReadEnd(ShardBytes shard, string path)
    {
        var scratch = Array.Empty<byte>();
        if (shard.Length < Magic.Length + FooterSize || !shard.Range(0, Magic.Length, ref scratch).SequenceEqual(Magic))
            throw Damaged(path, "no packed shard");
        var footer = shard.Range(shard.Length - FooterSize, FooterSize, ref scratch).ToArray();
        var offset = BinaryPrimitives.ReadInt64LittleEndian(footer);
        var length = BinaryPrimitives.ReadInt64LittleEndian(footer.AsSpan(8));
        var count = BinaryPrimitives.ReadInt32LittleEndian(footer.AsSpan(16));
        if (!footer.AsSpan(36).SequenceEqual(Magic) || offset < Magic.Length || length < 0 || length > Array.MaxLength
            || offset + length + FooterSize != shard.Length || count < 0)
            throw Damaged(path, "cut short or changed");
        var index = shard.Range(offset, (int)length, ref scratch)[..(int)length].ToArray();
        if (!XxHash128.Hash(index).AsSpan().SequenceEqual(footer.AsSpan(20, 16)))
            throw Damaged(path, "its index does not match its hash");
        try
        {
            using var reader = new BinaryReader(new MemoryStream(index), Encoding.UTF8);
            var samples = new List<ShardSample>();
            for (var i = 0; i < count; i++)
            {
                var (at, bytes, label, hash) = (reader.ReadInt64(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadUInt64());
                var sample = new ShardSample(reader.ReadString(), at, bytes, label, reader.ReadString(), hash);
                if (sample.Offset < 0 || sample.Length < 0 || sample.Offset + sample.Length > offset)
                    throw Damaged(path, $"sample {i} lies outside of it");
                samples.Add(sample);
            }

            var classes = new List<string>();
            for (var i = reader.ReadInt32(); i > 0; i--)
                classes.Add(reader.ReadString());
            return new ShardIndex(samples, classes, []);
        }
        catch (Exception failure) when (failure is EndOfStreamException or FormatException or ArgumentException or IOException)
        {
            throw Damaged(path, "its index is malformed");
        }
    }

    private static UserErrorException Damaged(string path, string what) => new($"{path}: {what}; pack or copy it again.");
}
