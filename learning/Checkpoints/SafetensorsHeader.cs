using System.Buffers.Binary;
using System.Text.Json;

namespace SslOrleans.Learning.Checkpoints;

/// <summary>
/// The header of a safetensors file: eight bytes of length, little-endian, then JSON from tensor name to dtype, shape and
/// data_offsets (https://github.com/huggingface/safetensors, section "Format"). The tensors must cover the data without a hole.
/// </summary>
internal static class SafetensorsHeader
{
    public const string MetadataKey = "__metadata__";

    /// <summary>Bytes of the length before the header.</summary>
    public const int LengthBytes = 8;

    /// <summary>The format's own limit.</summary>
    private const long MaximumLength = 100_000_000;

    /// <summary>Length of the header, from the first eight bytes.</summary>
    /// <exception cref="SafetensorsException">It cannot be one.</exception>
    public static int ReadLength(ReadOnlySpan<byte> file)
    {
        if (file.Length < LengthBytes)
            throw new SafetensorsException($"A safetensors file begins with 8 bytes of header length; this one has {file.Length} bytes.");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(file);
        return length is >= 2 and <= MaximumLength
            ? (int)length
            : throw new SafetensorsException($"The header length is {length}; it must be between 2 and {MaximumLength}.");
    }

    /// <summary>Reads the JSON; entries come in the order of their data.</summary>
    /// <param name="json">The header without its length.</param>
    /// <param name="dataLength">Bytes after the header.</param>
    /// <exception cref="SafetensorsException">Anything is not as the format says.</exception>
    public static (IReadOnlyList<SafetensorsEntry> Entries, IReadOnlyDictionary<string, string> Metadata) Parse(ReadOnlyMemory<byte> json, long dataLength)
    {
        if (json.Span[0] != (byte)'{')
            throw new SafetensorsException("The header does not begin with {.");
        var entries = new List<SafetensorsEntry>();
        var metadata = new Dictionary<string, string>();
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.Name == MetadataKey)
                    ReadMetadata(property.Value, metadata);
                else
                    entries.Add(ReadEntry(property.Name, property.Value, dataLength));
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new SafetensorsException($"The header is not valid JSON: {e.Message}", e);
        }

        entries.Sort((a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.End.CompareTo(b.End));
        var at = 0L;
        foreach (var entry in entries)
        {
            if (entry.Start != at)
                throw new SafetensorsException($"Tensor {entry.Name} begins at byte {entry.Start}; the one before it ends at {at}.");
            at = entry.End;
        }

        if (at != dataLength)
            throw new SafetensorsException($"The tensors take {at} bytes, the file has {dataLength} after its header: it is cut off or something was added.");
        return (entries, metadata);
    }

    /// <summary>Makes the header with its length, padded with spaces so that the data begins at a multiple of eight.</summary>
    public static byte[] Write(IReadOnlyList<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var stream = new MemoryStream();
        stream.Write(stackalloc byte[LengthBytes]);
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(MetadataKey);
                foreach (var (key, value) in metadata)
                    json.WriteString(key, value);
                json.WriteEndObject();
            }

            var at = 0L;
            foreach (var tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", tensor.Type);
                WriteNumbers(json, "shape", tensor.Shape);
                WriteNumbers(json, "data_offsets", [at, at += tensor.ByteLength]);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        while (stream.Length % 8 != 0)
            stream.WriteByte((byte)' ');
        var header = stream.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)(header.Length - LengthBytes));
        return header;
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, long[] numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    private static void ReadMetadata(JsonElement element, Dictionary<string, string> metadata)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw new SafetensorsException($"{MetadataKey} is not an object.");
        foreach (var property in element.EnumerateObject())
        {
            metadata[property.Name] = property.Value.ValueKind == JsonValueKind.String
                ? property.Value.GetString()!
                : throw new SafetensorsException($"{MetadataKey}.{property.Name} is not a string.");
        }
    }

    private static SafetensorsEntry ReadEntry(string name, JsonElement element, long dataLength)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw new SafetensorsException($"Tensor {name} is not described by an object.");
        var type = element.TryGetProperty("dtype", out var d) && d.ValueKind == JsonValueKind.String
            ? d.GetString()!
            : throw new SafetensorsException($"Tensor {name} has no dtype.");
        var shape = ReadNumbers(name, element, "shape");
        var offsets = ReadNumbers(name, element, "data_offsets");
        if (offsets.Length != 2 || offsets[0] > offsets[1] || offsets[1] > dataLength)
            throw new SafetensorsException($"Tensor {name} has the data_offsets [{string.Join(", ", offsets)}] in {dataLength} bytes of data.");
        var size = SafetensorsEntry.SizeOf(type);
        if (size == 0)
            throw new SafetensorsException($"Tensor {name} has the unknown dtype {type}.");
        var bytes = (Int128)size;
        foreach (var dimension in shape)
        {
            bytes *= dimension;
            if (bytes > long.MaxValue)
                throw new SafetensorsException($"Tensor {name} has the impossible shape [{string.Join(", ", shape)}].");
        }

        return bytes == offsets[1] - offsets[0]
            ? new SafetensorsEntry(name, type, shape, offsets[0], offsets[1])
            : throw new SafetensorsException($"Tensor {name} of shape [{string.Join(", ", shape)}] and dtype {type} takes {bytes} bytes, its data_offsets say {offsets[1] - offsets[0]}.");
    }

    private static long[] ReadNumbers(string name, JsonElement element, string property)
    {
        if (!element.TryGetProperty(property, out var array) || array.ValueKind != JsonValueKind.Array)
            throw new SafetensorsException($"Tensor {name} has no {property}.");
        return [.. array.EnumerateArray().Select(n => n.ValueKind == JsonValueKind.Number && n.TryGetInt64(out var number) && number >= 0
            ? number
            : throw new SafetensorsException($"Tensor {name} has {n} in its {property}; only whole numbers from 0 on can stand there."))];
    }
}
