using System.Runtime.InteropServices;

namespace SslOrleans.Learning.Checkpoints;

/// <summary>A safetensors file in memory. The header is checked as a whole before any tensor is given out.</summary>
public sealed class SafetensorsFile
{
    private readonly ReadOnlyMemory<byte> _data;
    private readonly Dictionary<string, SafetensorsEntry> _byName;

    private SafetensorsFile(IReadOnlyList<SafetensorsEntry> entries, IReadOnlyDictionary<string, string> metadata, ReadOnlyMemory<byte> data)
    {
        (Entries, Metadata, _data) = (entries, metadata, data);
        _byName = entries.ToDictionary(e => e.Name);
    }

    /// <summary>In the order of their data.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>The file's <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <exception cref="SafetensorsException">The bytes are no safetensors file.</exception>
    public static SafetensorsFile Parse(ReadOnlyMemory<byte> file)
    {
        var length = SafetensorsHeader.ReadLength(file.Span);
        var data = file.Length - SafetensorsHeader.LengthBytes - length;
        if (data < 0)
            throw new SafetensorsException($"The header takes {length} bytes, the file has {file.Length}: it is cut off.");
        var (entries, metadata) = SafetensorsHeader.Parse(file.Slice(SafetensorsHeader.LengthBytes, length), data);
        return new SafetensorsFile(entries, metadata, file[(SafetensorsHeader.LengthBytes + length)..]);
    }

    /// <summary>Reads a file from disk.</summary>
    /// <exception cref="SafetensorsException">It is no safetensors file; the message names it.</exception>
    public static SafetensorsFile Load(string path)
    {
        try
        {
            return Parse(File.ReadAllBytes(path));
        }
        catch (SafetensorsException e)
        {
            throw new SafetensorsException($"{path}: {e.Message}", e);
        }
    }

    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <exception cref="SafetensorsException">There is no such tensor.</exception>
    public SafetensorsEntry Entry(string name) => _byName.TryGetValue(name, out var entry)
        ? entry
        : throw new SafetensorsException($"There is no tensor {name} in the file; it has {string.Join(", ", _byName.Keys.Take(5))}{(_byName.Count > 5 ? " …" : "")}.");

    /// <summary>The raw bytes of a tensor.</summary>
    public ReadOnlyMemory<byte> Bytes(string name)
    {
        var entry = Entry(name);
        return _data[checked((int)entry.Start)..checked((int)entry.End)];
    }

    /// <summary>Values of an F32, F16, BF16 or F64 tensor, row-major, as float32 (F64 is rounded).</summary>
    /// <exception cref="SafetensorsException">It has another type, or is not there.</exception>
    public float[] Floats(string name)
    {
        var entry = Entry(name);
        var values = new float[checked((int)entry.Count)];
        CopyFloats(name, values);
        return values;
    }

    /// <summary>As <see cref="Floats"/>, into memory of the caller that has the tensor's length.</summary>
    public void CopyFloats(string name, Span<float> into)
    {
        var entry = Entry(name);
        if (into.Length != entry.Count)
            throw new SafetensorsException($"Tensor {name} has {entry.Count} values, {into.Length} were asked for.");
        var bytes = Bytes(name).Span;
        switch (entry.Type)
        {
            case "F32":
                bytes.CopyTo(MemoryMarshal.AsBytes(into));
                break;
            case "F16":
                for (var i = 0; i < into.Length; i++)
                    into[i] = (float)MemoryMarshal.Read<Half>(bytes[(2 * i)..]);
                break;
            case "BF16":
                for (var i = 0; i < into.Length; i++)
                    into[i] = BitConverter.UInt32BitsToSingle((uint)MemoryMarshal.Read<ushort>(bytes[(2 * i)..]) << 16);
                break;
            case "F64":
                for (var i = 0; i < into.Length; i++)
                    into[i] = (float)MemoryMarshal.Read<double>(bytes[(8 * i)..]);
                break;
            default:
                throw new SafetensorsException($"Tensor {name} has dtype {entry.Type}; floating-point values were asked for.");
        }
    }

    /// <summary>Values of an I64 or I32 tensor, row-major.</summary>
    /// <exception cref="SafetensorsException">It has another type, or is not there.</exception>
    public long[] Integers(string name)
    {
        var entry = Entry(name);
        var bytes = Bytes(name).Span;
        var values = new long[checked((int)entry.Count)];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = entry.Type switch
            {
                "I64" => MemoryMarshal.Read<long>(bytes[(8 * i)..]),
                "I32" => MemoryMarshal.Read<int>(bytes[(4 * i)..]),
                _ => throw new SafetensorsException($"Tensor {name} has dtype {entry.Type}; whole numbers were asked for."),
            };
        }

        return values;
    }
}
