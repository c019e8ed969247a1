namespace SslOrleans.Learning.Checkpoints;

/// <summary>A tensor as the header of a safetensors file tells it.</summary>
/// <param name="Name">Key in the state dictionary.</param>
/// <param name="Type">As in the file: F32, F16, BF16, I64 …</param>
/// <param name="Shape">Dimensions; none for a scalar.</param>
/// <param name="Start">First byte, counted from the end of the header.</param>
/// <param name="End">Byte after the last.</param>
public sealed record SafetensorsEntry(string Name, string Type, long[] Shape, long Start, long End)
{
    /// <summary>Number of values.</summary>
    public long Count => Shape.Aggregate(1L, (product, d) => product * d);

    /// <summary>Bytes of one value, or 0 for a type that this reader does not know.</summary>
    internal static int SizeOf(string type) => type switch
    {
        "F64" or "I64" or "U64" => 8,
        "F32" or "I32" or "U32" => 4,
        "F16" or "BF16" or "I16" or "U16" => 2,
        "I8" or "U8" or "BOOL" or "F8_E4M3" or "F8_E5M2" => 1,
        _ => 0,
    };
}

/// <summary>A tensor to write: float32 or int64 values in row-major order. The values are not copied.</summary>
public sealed class SafetensorsTensor
{
    public SafetensorsTensor(string name, IReadOnlyList<long> shape, ReadOnlyMemory<float> values)
        : this(name, shape, "F32", values.Length)
        => Floats = values;

    public SafetensorsTensor(string name, IReadOnlyList<long> shape, ReadOnlyMemory<long> values)
        : this(name, shape, "I64", values.Length)
        => Integers = values;

    private SafetensorsTensor(string name, IReadOnlyList<long> shape, string type, int length)
    {
        if (shape.Any(d => d < 0) || shape.Aggregate(1L, (product, d) => checked(product * d)) != length)
            throw new ArgumentException($"Tensor {name} has {length} values, its shape [{string.Join(", ", shape)}] says otherwise.", nameof(shape));
        if (name == SafetensorsHeader.MetadataKey)
            throw new ArgumentException($"A tensor cannot be called {SafetensorsHeader.MetadataKey}.", nameof(name));
        (Name, Shape, Type) = (name, [.. shape], type);
    }

    public string Name { get; }

    public long[] Shape { get; }

    /// <summary>F32 or I64.</summary>
    public string Type { get; }

    internal ReadOnlyMemory<float> Floats { get; }

    internal ReadOnlyMemory<long> Integers { get; }

    /// <summary>Bytes in the file.</summary>
    public long ByteLength => ((long)Floats.Length * sizeof(float)) + ((long)Integers.Length * sizeof(long));
}
