using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using SslOrleans.Learning.Checkpoints;
using SslOrleans.Learning.Evaluate;

namespace SslOrleans.Client.Evaluation;

/// <summary>What features are written as.</summary>
public enum EmbeddingFormat
{
    /// <summary>Every layer, patches and labels in one file; names in its metadata.</summary>
    Safetensors,

    /// <summary>NumPy's array of one layer; labels and names beside it.</summary>
    Npy,

    /// <summary>A row an image: name, label, values of one layer.</summary>
    Csv,
}

/// <summary>Writes features for other programs: all of a file or none of it.</summary>
public static class EmbeddingFiles
{
    private const int Rows = 4096;

    /// <returns>The files that were written, the one asked for first.</returns>
    public static IReadOnlyList<string> Write(string path, EmbeddingFormat format, Embedded embedded, IReadOnlyDictionary<string, string> about)
    {
        var written = new List<string>();
        switch (format)
        {
            case EmbeddingFormat.Safetensors:
                Whole(path, stream => Safetensors(stream, embedded, about));
                break;
            case EmbeddingFormat.Npy:
                Whole(path, stream => Npy(stream, "<f4", $"({embedded.Names.Count}, {embedded.Layers[0].Features.Width})", () => EachBlock(embedded.Layers[0].Features, block => stream.Write(MemoryMarshal.AsBytes(block)))));
                if (embedded.Labels is { } labels)
                    Whole(Beside("labels.npy"), stream => Npy(stream, "<i8", $"({labels.Length},)", () => stream.Write(MemoryMarshal.AsBytes(labels.AsSpan()))));
                Whole(Beside("names.txt"), stream => stream.Write(Encoding.UTF8.GetBytes(string.Join('\n', embedded.Names) + '\n')));
                break;
            default:
                Whole(path, stream => Csv(stream, embedded));
                break;
        }

        return written;

        string Beside(string ending) => Path.ChangeExtension(path, ending);

        void Whole(string file, Action<Stream> write)
        {
            using (var stream = new FileStream(file + ".part", FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20))
                write(stream);
            File.Move(file + ".part", file, overwrite: true);
            written.Add(file);
        }
    }

    private static void Safetensors(Stream stream, Embedded embedded, IReadOnlyDictionary<string, string> about)
    {
        var tensors = new List<SafetensorsTensor>();
        if (embedded.Labels is { } labels)
            tensors.Add(new SafetensorsTensor("labels", [labels.Length], labels));
        foreach (var (name, features) in embedded.Layers)
            tensors.Add(new SafetensorsTensor(NameOf(name), [features.Count, features.Width], Values(features)));
        if (embedded.Patches is { } patches)
            tensors.Add(new SafetensorsTensor("patches", [patches.Count, embedded.Places, patches.Width / embedded.Places], Values(patches)));
        SafetensorsWriter.Write(stream, tensors, new Dictionary<string, string>(about)
        {
            ["names"] = JsonSerializer.Serialize(embedded.Names),
            ["classes"] = JsonSerializer.Serialize(embedded.Classes),
        });
    }

    /// <summary>A layer as a tensor of the file: <c>features</c>, <c>cls</c>, <c>mean</c>, <c>projector.1</c>.</summary>
    public static string NameOf(string layer) => layer switch
    {
        ProbeReport.Backbone => "features",
        "backbone.cls" => "cls",
        "backbone.mean" => "mean",
        _ => layer,
    };

    private static ReadOnlyMemory<float> Values(FeatureMatrix features)
    {
        var values = new float[(long)features.Count * features.Width];
        for (var row = 0; row < features.Count; row += Rows)
        {
            var count = Math.Min(Rows, features.Count - row);
            features.Rows(row, count).CopyTo(values.AsSpan(row * features.Width, count * features.Width));
        }

        return values;
    }

    private static void EachBlock(FeatureMatrix features, Action<Span<float>> take)
    {
        foreach (var (first, count) in features.Blocks(Rows))
            take(features.Rows(first, count));
    }

    /// <summary>NumPy's format, version 1.0: magic, a header that fills up to 64 bytes, values.</summary>
    private static void Npy(Stream stream, string type, string shape, Action values)
    {
        var header = $"{{'descr': '{type}', 'fortran_order': False, 'shape': {shape}, }}";
        header = header.PadRight(((header.Length + 11 + 63) / 64 * 64) - 11) + "\n";
        stream.Write([0x93, .. "NUMPY"u8, 1, 0, (byte)header.Length, (byte)(header.Length >> 8), .. Encoding.ASCII.GetBytes(header)]);
        values();
    }

    private static void Csv(Stream stream, Embedded embedded)
    {
        using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
        var features = embedded.Layers[0].Features;
        writer.WriteLine($"name,label,{string.Join(',', Enumerable.Range(0, features.Width).Select(i => $"f{i}"))}");
        for (var row = 0; row < features.Count; row++)
        {
            writer.Write(Quoted(embedded.Names[row]));
            writer.Write(',');
            if (embedded.Labels is { } labels && labels[row] >= 0)
                writer.Write(labels[row]);
            foreach (var value in features.Rows(row, 1))
            {
                writer.Write(',');
                writer.Write(value.ToString("R", CultureInfo.InvariantCulture));
            }

            writer.WriteLine();
        }
    }

    private static string Quoted(string text) => text.AsSpan().ContainsAny(",\"\n\r") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
}
