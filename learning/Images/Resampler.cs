using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using System.Runtime.Intrinsics;

namespace SslOrleans.Learning.Images;

/// <summary>
/// Cuts a box out of an image and resizes it as PIL does on 8-bit images: first along rows, then along columns,
/// each rounded to 8 bits. Integer arithmetic only, so every processor gives the same bits.
/// </summary>
internal sealed class Resampler
{
    private const int Half = 1 << (ResampleFilter.FractionBits - 1);

    private readonly ResampleFilter _horizontal = new();
    private readonly ResampleFilter _vertical = new();
    private readonly PixelBuffer _rows = new();

    /// <summary>Fills <paramref name="target"/> with the box, resized to width × height.</summary>
    public void Resize(
        RgbImage source, CropBox box, int width, int height, Interpolation interpolation, bool antialias, PixelBuffer target)
    {
        if (box.Height == height)
        {
            Horizontal(source, box, width, interpolation, antialias, target);
            return;
        }

        _vertical.Prepare(box.Height, height, interpolation, antialias);
        Horizontal(source, box, width, interpolation, antialias, _rows);
        target.Reset(width, height);
        Vertical(_rows, target);
    }

    /// <summary>Copies a window that may reach over the image's edges; what lies outside is black.</summary>
    public static void Copy(RgbImage source, CropBox box, PixelBuffer target)
    {
        target.Reset(box.Width, box.Height);
        if (box.Left < 0 || box.Top < 0 || box.Left + box.Width > source.Width || box.Top + box.Height > source.Height)
            target.Pixels.Clear();
        var (first, last) = (Math.Max(0, -box.Left), Math.Min(box.Width, source.Width - box.Left));
        for (var y = Math.Max(0, -box.Top); y < Math.Min(box.Height, source.Height - box.Top); y++)
        {
            var row = target.Pixels.Slice(y * box.Width, box.Width);
            ref var pixels = ref Unsafe.AsRef(in source.Padded[(((box.Top + y) * source.Width) + box.Left + first) * 3]);
            for (var x = first; x < last; x++)
                row[x] = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref pixels, (x - first) * 3)) & 0xFFFFFF;
        }
    }

    private void Horizontal(RgbImage source, CropBox box, int width, Interpolation interpolation, bool antialias, PixelBuffer target)
    {
        if (box.Width == width)
        {
            Copy(source, box, target);
            return;
        }

        _horizontal.Prepare(box.Width, width, interpolation, antialias);
        target.Reset(width, box.Height);
        var stride = source.Width * 3;
        ref var corner = ref Unsafe.AsRef(in source.Padded[((box.Top * source.Width) + box.Left) * 3]);
        ref var output = ref target.Padded[0];
        // Two rows at a time fill a 256-bit vector; an odd last row is paired with itself.
        for (var y = 0; y < box.Height; y += 2)
        {
            var other = Math.Min(y + 1, box.Height - 1);
            HorizontalPair(
                ref Unsafe.Add(ref corner, (nint)y * stride), ref Unsafe.Add(ref corner, (nint)other * stride),
                ref Unsafe.Add(ref output, y * width), ref Unsafe.Add(ref output, other * width));
        }
    }

    private void HorizontalPair(ref byte upper, ref byte lower, ref uint upperOut, ref uint lowerOut)
    {
        ref var coefficients = ref _horizontal.Coefficients[0];
        var firsts = _horizontal.First.AsSpan(0, _horizontal.Outputs);
        var taps = _horizontal.Taps.AsSpan(0, _horizontal.Outputs);
        for (var x = 0; x < firsts.Length; x++)
        {
            ref var weight = ref Unsafe.Add(ref coefficients, x * _horizontal.Stride);
            ref var a = ref Unsafe.Add(ref upper, firsts[x] * 3);
            ref var b = ref Unsafe.Add(ref lower, firsts[x] * 3);
            var sum = Vector256.Create(Half);
            for (var k = 0; k < taps[x]; k++)
            {
                var pair = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref a, k * 3))
                    | ((ulong)Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref b, k * 3)) << 32);
                sum += Widen(pair) * Vector256.Create(Unsafe.Add(ref weight, k));
            }

            var packed = Pack(sum);
            Unsafe.Add(ref upperOut, x) = (uint)packed & 0xFFFFFF;
            Unsafe.Add(ref lowerOut, x) = (uint)(packed >> 32) & 0xFFFFFF;
        }
    }

    private void Vertical(PixelBuffer rows, PixelBuffer target)
    {
        var width = target.Width;
        ref var input = ref rows.Padded[0];
        ref var output = ref target.Padded[0];
        for (var y = 0; y < target.Height; y++)
        {
            ref var first = ref Unsafe.Add(ref input, _vertical.First[y] * width);
            ref var line = ref Unsafe.Add(ref output, y * width);
            var weights = _vertical.Coefficients.AsSpan(y * _vertical.Stride, _vertical.Taps[y]);
            // Two pixels a vector; of an odd width the last store runs one word into the next row, which is written later.
            for (var x = 0; x < width; x += 2)
            {
                var sum = Vector256.Create(Half);
                ref var column = ref Unsafe.Add(ref first, x);
                foreach (var weight in weights)
                {
                    sum += Widen(Unsafe.ReadUnaligned<ulong>(ref Unsafe.As<uint, byte>(ref column))) * Vector256.Create(weight);
                    column = ref Unsafe.Add(ref column, width);
                }

                Unsafe.WriteUnaligned(ref Unsafe.As<uint, byte>(ref Unsafe.Add(ref line, x)), Pack(sum));
            }
        }
    }

    /// <summary>Eight bytes to eight 32-bit integers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Widen(ulong bytes)
    {
        var vector = Vector128.CreateScalarUnsafe(bytes).AsByte();
        if (Avx2.IsSupported)
            return Avx2.ConvertToVector256Int32(vector);
        var (low, high) = Vector128.Widen(Vector128.WidenLower(vector));
        return Vector256.Create(low, high).AsInt32();
    }

    /// <summary>Eight sums to eight bytes, clipped to 0 … 255.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Pack(Vector256<int> sums)
    {
        var values = Vector256.ShiftRightArithmetic(sums, ResampleFilter.FractionBits);
        if (Sse2.IsSupported)
        {
            var words = Sse2.PackSignedSaturate(values.GetLower(), values.GetUpper());
            return Sse2.PackUnsignedSaturate(words, words).AsUInt64().ToScalar();
        }

        var clipped = Vector256.Min(Vector256.Max(values, Vector256<int>.Zero), Vector256.Create(255)).AsUInt32();
        var narrow = Vector128.Narrow(clipped.GetLower(), clipped.GetUpper());
        return Vector128.Narrow(narrow, narrow).AsUInt64().ToScalar();
    }
}
