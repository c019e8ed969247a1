using System.Numerics;
using System.Runtime.CompilerServices;
using SslOrleans.Learning.Images;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Augment;

/// <summary>
/// Gaussian blur as torchvision's: odd kernel, sampled and normalised Gaussian, reflected borders, one rounding to 8 bits at the end.
/// The two axes are done one after the other in floats.
/// </summary>
internal sealed class GaussianBlur
{
    // A tap below this share cannot move a rounded 8-bit value but in a tie.
    private const double LeastWeight = 1e-7;

    private float[] _weights = [];
    private float[] _line = [];
    private float[] _planes = [];

    /// <param name="image">The view.</param>
    /// <param name="sigma">Pixels.</param>
    /// <param name="kernelSize">Taps, odd; cut to what the reflected border allows.</param>
    public void Apply(PixelBuffer image, float sigma, int kernelSize)
    {
        var radius = Prepare(sigma, Math.Min(kernelSize / 2, Math.Min(image.Width, image.Height) - 1));
        if (radius == 0)
            return;
        var vector = Vector<float>.Count;
        var pitch = (image.Width + vector - 1) / vector * vector;
        if (_planes.Length < 3 * pitch * image.Height)
            _planes = new float[3 * pitch * image.Height];
        if (_line.Length < 3 * (pitch + (2 * radius) + vector))
            _line = new float[3 * (pitch + (2 * radius) + vector)];
        for (var y = 0; y < image.Height; y++)
            Horizontal(image, y, radius, pitch);
        for (var y = 0; y < image.Height; y++)
            Vertical(image, y, radius, pitch);
    }

    private int Prepare(float sigma, int radius)
    {
        if (_weights.Length <= radius)
            _weights = new float[radius + 1];
        Span<double> weights = stackalloc double[Math.Min(radius + 1, 512)];
        var sum = 0.0;
        for (var k = weights.Length - 1; k >= 0; k--)
        {
            var x = k / (double)sigma;
            weights[k] = PortableMath.Exp(Math.Max(-0.5 * x * x, -600));
            sum += k == 0 ? weights[k] : 2 * weights[k];
        }

        var used = 0;
        for (var k = 0; k < weights.Length; k++)
        {
            _weights[k] = (float)(weights[k] / sum);
            if (weights[k] / sum >= LeastWeight)
                used = k;
        }

        return used;
    }

    private void Horizontal(PixelBuffer image, int y, int radius, int pitch)
    {
        var width = image.Width;
        var pixels = image.Pixels.Slice(y * width, width);
        var stride = pitch + (2 * radius) + Vector<float>.Count;
        for (var x = 0; x < width; x++)
            SetLine(radius + x, stride, pixels[x]);
        for (var k = 1; k <= radius; k++)
        {
            SetLine(radius - k, stride, pixels[k]);
            SetLine(radius + width - 1 + k, stride, pixels[width - 1 - k]);
        }

        for (var channel = 0; channel < 3; channel++)
        {
            ref var center = ref _line[(channel * stride) + radius];
            ref var target = ref _planes[((channel * image.Height) + y) * pitch];
            for (var x = 0; x < pitch; x += Vector<float>.Count)
            {
                var sum = Load(ref center, x) * _weights[0];
                for (var k = 1; k <= radius; k++)
                    sum += (Load(ref center, x - k) + Load(ref center, x + k)) * _weights[k];
                Unsafe.WriteUnaligned(ref Unsafe.As<float, byte>(ref Unsafe.Add(ref target, x)), sum);
            }
        }
    }

    private void SetLine(int at, int stride, uint pixel)
    {
        _line[at] = pixel & 255;
        _line[stride + at] = (pixel >> 8) & 255;
        _line[(2 * stride) + at] = (pixel >> 16) & 255;
    }

    private void Vertical(PixelBuffer image, int y, int radius, int pitch)
    {
        var width = image.Width;
        // Rows are written in ascending order, so a vector that runs over a row's end is put right by the next row.
        ref var target = ref image.Padded[y * width];
        for (var x = 0; x < width; x += Vector<float>.Count)
        {
            var r = Column(0, x, y, radius, pitch, image.Height);
            var g = Column(1, x, y, radius, pitch, image.Height);
            var b = Column(2, x, y, radius, pitch, image.Height);
            var word = Photometric.Pack(Vector.Round(r), Vector.Round(g), Vector.Round(b));
            Unsafe.WriteUnaligned(ref Unsafe.As<uint, byte>(ref Unsafe.Add(ref target, x)), word);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector<float> Column(int channel, int x, int y, int radius, int pitch, int height)
    {
        ref var plane = ref _planes[(channel * height * pitch) + x];
        var sum = Load(ref plane, y * pitch) * _weights[0];
        for (var k = 1; k <= radius; k++)
        {
            var above = Math.Abs(y - k);
            var below = y + k < height ? y + k : (2 * (height - 1)) - y - k;
            sum += (Load(ref plane, above * pitch) + Load(ref plane, below * pitch)) * _weights[k];
        }

        return sum;
    }

    private static Vector<float> Load(ref float origin, int offset) =>
        Unsafe.ReadUnaligned<Vector<float>>(ref Unsafe.As<float, byte>(ref Unsafe.Add(ref origin, offset)));
}
