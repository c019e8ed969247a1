using System.Runtime.InteropServices;
using Orleans.Concurrency;

namespace SslOrleans.Contracts.Messages;

/// <summary>
/// Bytes that a message speaks of. Few of them are in the message; many stay with the silo that has them until the receiver takes them, from
/// shared memory on the same machine, in parts of <see cref="PartLength"/> from another one. So its message does not grow with the model or the batch.
/// </summary>
/// <param name="Length">Bytes.</param>
/// <param name="Hash">Their XXH128, hexadecimal; empty when they are in the message.</param>
/// <param name="Here">The bytes themselves; empty when they stay with the silo.</param>
/// <param name="Silo">Name of the silo that has them.</param>
/// <param name="Number">Their number there.</param>
/// <param name="Machine">Whose processes can read <paramref name="Path"/>; empty when none can.</param>
/// <param name="Path">A file with the bytes at its start.</param>
[GenerateSerializer]
[Alias("SslOrleans.Payload")]
public sealed record Payload(
    [property: Id(0)] long Length,
    [property: Id(1)] string Hash,
    [property: Id(2)] Immutable<byte[]> Here,
    [property: Id(3)] string Silo,
    [property: Id(4)] long Number,
    [property: Id(5)] string Machine,
    [property: Id(6)] string Path)
{
    /// <summary>Bytes of a part between machines.</summary>
    public const int PartLength = 4 * 1024 * 1024;

    public static Payload Nothing { get; } = Of(Array.Empty<byte>());

    /// <summary>Bytes in the message.</summary>
    public static Payload Of(byte[] bytes) => new(bytes.Length, "", new Immutable<byte[]>(bytes), "", 0, "", "");

    /// <summary>float32 values in the message.</summary>
    public static Payload Of(float[] values) => Of(MemoryMarshal.AsBytes(values.AsSpan()).ToArray());

    /// <summary>Bytes seen as float32 values.</summary>
    public static ReadOnlySpan<float> Floats(byte[] bytes) => MemoryMarshal.Cast<byte, float>(bytes);

    /// <summary>The bytes are in the message.</summary>
    public bool IsHere => Hash.Length == 0;
}
