using System.Numerics;
using SslOrleans.Contracts;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Data;

/// <summary>Images with 16 bits that hold data of fewer, as those of cameras and microscopes do: in their upper bytes they are nearly black.</summary>
public static class SixteenBits
{
    /// <summary>Images that are looked at, evenly over the set.</summary>
    private const int Sample = 32;

    /// <summary>Sets whose values go up to a quarter of the range or further are taken as they are.</summary>
    private const int Enough = 1 << 14;

    /// <summary>Refuses a set of 16-bit images that use a small part of their range, where nobody has said which.</summary>
    /// <param name="source">Opened with the same bits.</param>
    /// <param name="bits">What the recipe says in <c>data.bits</c>; 0: nothing.</param>
    /// <param name="channels">What it says in <c>data.channels</c>.</param>
    /// <exception cref="UserErrorException">They do; the message says what to set.</exception>
    public static void Check(IImageSource source, int bits, IReadOnlyList<int>? channels = null)
    {
        if (bits > 0)
            return;
        var (found, largest) = (0, 0);
        var count = Math.Min(Sample, source.Count);
        for (var i = 0; i < count; i++)
        {
            try
            {
                if (ImageDecoder.LargestOf16Bits(source.ReadEncoded((int)((long)i * source.Count / count)), channels: channels) is not { } value)
                    continue;
                found++;
                largest = Math.Max(largest, value);
            }
            catch (UndecodableImageException)
            {
                // It is replaced when it is read, and told then.
            }
        }

        if (found > 0 && largest < Enough)
            throw new UserErrorException($"{source.Name}: {Describe(found, largest)}, so that they would be nearly black; {Mend(largest)}.") { Reason = RefusalReason.Data };
    }

    /// <summary>What is found, in words; null where the range is used.</summary>
    public static string? Note(int images, int largest) => images > 0 && largest < Enough ? $"{Describe(images, largest)}; {Mend(largest)}, else they are nearly black" : null;

    private static string Describe(int images, int largest) => $"{images} images of 16 bits use the range 0 … {largest} of 65535";

    private static string Mend(int largest)
        => $"set data.bits={Math.Clamp(BitOperations.Log2((uint)Math.Max(1, largest)) + 1, 8, 16)} in the recipe (16: take them as they are)";
}
