using System.Buffers;
using System.Runtime.InteropServices;

namespace SslOrleans.Learning.Checkpoints;

/// <summary>
/// Writes safetensors. The same tensors in the same order give the same bytes. Int64 tensors are put first, so that every
/// value lies at a multiple of its size, as readers that map the file expect.
/// </summary>
public static class SafetensorsWriter
{
    private const int Chunk = 1 << 20;

    /// <summary>The whole file as one array.</summary>
    /// <exception cref="SafetensorsException">It would be longer than an array can be.</exception>
    public static byte[] ToArray(IEnumerable<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var ordered = Order(tensors);
        var header = SafetensorsHeader.Write(ordered, metadata);
        var length = header.Length + ordered.Sum(t => t.ByteLength);
        if (length > Array.MaxLength)
            throw new SafetensorsException($"The tensors take {length} bytes, more than one array can hold ({Array.MaxLength}); write them to a stream.");
        var file = GC.AllocateUninitializedArray<byte>((int)length);
        header.CopyTo(file, 0);
        var at = header.Length;
        foreach (var tensor in ordered)
        {
            var bytes = Bytes(tensor);
            bytes.CopyTo(file.AsSpan(at));
            at += bytes.Length;
        }

        return file;
    }

    public static void Write(Stream stream, IEnumerable<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var ordered = Order(tensors);
        stream.Write(SafetensorsHeader.Write(ordered, metadata));
        foreach (var tensor in ordered)
            EachChunk(tensor, chunk => stream.Write(chunk));
    }

    public static void Write(IBufferWriter<byte> writer, IEnumerable<SafetensorsTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var ordered = Order(tensors);
        writer.Write(SafetensorsHeader.Write(ordered, metadata));
        foreach (var tensor in ordered)
            EachChunk(tensor, chunk => writer.Write(chunk));
    }

    private static List<SafetensorsTensor> Order(IEnumerable<SafetensorsTensor> tensors)
    {
        var ordered = tensors.OrderBy(t => t.Type == "I64" ? 0 : 1).ToList();
        if (ordered.GroupBy(t => t.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new ArgumentException($"Tensor {twice.Key} is there {twice.Count()} times.", nameof(tensors));
        return ordered;
    }

    /// <summary>A tensor of two billion bytes and more has no single span of bytes.</summary>
    private static void EachChunk(SafetensorsTensor tensor, Action<ReadOnlySpan<byte>> write)
    {
        for (var at = 0; at < tensor.Floats.Length; at += Chunk)
            write(MemoryMarshal.AsBytes(tensor.Floats.Span.Slice(at, Math.Min(Chunk, tensor.Floats.Length - at))));
        for (var at = 0; at < tensor.Integers.Length; at += Chunk)
            write(MemoryMarshal.AsBytes(tensor.Integers.Span.Slice(at, Math.Min(Chunk, tensor.Integers.Length - at))));
    }

    private static ReadOnlySpan<byte> Bytes(SafetensorsTensor tensor)
        => tensor.Type == "I64" ? MemoryMarshal.AsBytes(tensor.Integers.Span) : MemoryMarshal.AsBytes(tensor.Floats.Span);
}
