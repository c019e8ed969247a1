using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Tests.Data;

/// <summary>Tar shards for tests, good and bad.</summary>
internal sealed class TarBuilder
{
    private readonly List<(string Name, byte[] Bytes)> _files = [];

    public static byte[] Jpeg(int index) => ImageEncoder.Jpeg(GeneratedImages.Draw(9, 0, index).Image, 90);

    public TarBuilder Add(string name, byte[] bytes)
    {
        _files.Add((name, bytes));
        return this;
    }

    public TarBuilder Add(string name, string text) => Add(name, Encoding.UTF8.GetBytes(text));

    /// <summary>Good labelled samples.</summary>
    public TarBuilder Samples(int count, int first = 0)
    {
        for (var i = first; i < first + count; i++)
            Add($"{i:D4}.jpg", Jpeg(i)).Add($"{i:D4}.cls", $"{i % 10}");
        return this;
    }

    public byte[] Build(TarEntryFormat format = TarEntryFormat.Ustar)
    {
        using var memory = new MemoryStream();
        using (var tar = new TarWriter(memory, format, leaveOpen: true))
        {
            foreach (var (name, bytes) in _files)
            {
                TarEntry entry = format switch
                {
                    TarEntryFormat.Pax => new PaxTarEntry(TarEntryType.RegularFile, name),
                    TarEntryFormat.Gnu => new GnuTarEntry(TarEntryType.RegularFile, name),
                    _ => new UstarTarEntry(TarEntryType.RegularFile, name),
                };
                entry.DataStream = new MemoryStream(bytes);
                tar.WriteEntry(entry);
            }
        }

        return memory.ToArray();
    }

    public byte[] BuildGzip()
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(Build());
        return memory.ToArray();
    }
}
