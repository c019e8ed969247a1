using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Data;

/// <summary>Paints one textured shape on a shaded ground.</summary>
internal static class ShapePainter
{
    public static IReadOnlyList<string> Shapes { get; } = ["disc", "square", "triangle", "cross", "ring"];

    /// <param name="shape">Index in <see cref="Shapes"/>.</param>
    /// <param name="texture">0 stripes, 1 checks.</param>
    /// <param name="size">Side, pixels.</param>
    /// <param name="random">Source of everything that is not the class.</param>
    public static RgbImage Paint(int shape, int texture, int size, ref RandomStream random)
    {
        var image = new RgbImage(size, size);
        var pixels = image.Writable;
        var centerX = size * random.NextSingle(0.40f, 0.60f);
        var centerY = size * random.NextSingle(0.40f, 0.60f);
        var radius = size * random.NextSingle(0.24f, 0.34f);
        var (sin, cos) = Turn(random.NextSingle(-20f, 20f));
        var (textureSin, textureCos) = Turn(random.NextSingle(0f, 180f));
        var period = size * random.NextSingle(0.11f, 0.16f);
        var phaseU = random.NextSingle();
        var phaseV = random.NextSingle();
        Span<float> ground = stackalloc float[3];
        Span<float> light = stackalloc float[3];
        Span<float> dark = stackalloc float[3];
        Color(ground, 60, 196, ref random);
        Color(light, 120, 255, ref random);
        Color(dark, 0, 135, ref random);
        var slopeX = random.NextSingle(-30f, 30f) / size;
        var slopeY = random.NextSingle(-30f, 30f) / size;
        for (var y = 0; y < size; y++)
        {
            for (var x = 0; x < size; x++)
            {
                var (dx, dy) = (x + 0.5f - centerX, y + 0.5f - centerY);
                var u = ((cos * dx) + (sin * dy)) / radius;
                var v = ((cos * dy) - (sin * dx)) / radius;
                var cover = Soft(-Distance(shape, u, v) * radius);
                var wave = Wave((((textureCos * dx) + (textureSin * dy)) / period) + phaseU);
                if (texture == 1)
                    wave *= Wave((((textureCos * dy) - (textureSin * dx)) / period) + phaseV);
                var mix = Soft(wave * 2.5f);
                var shade = (slopeX * dx) + (slopeY * dy);
                var noise = random.NextSingle(-10f, 10f);
                for (var c = 0; c < 3; c++)
                {
                    var painted = dark[c] + (mix * (light[c] - dark[c]));
                    var value = ground[c] + (cover * (painted - ground[c])) + shade + noise;
                    pixels[(((y * size) + x) * 3) + c] = (byte)Math.Clamp(value, 0f, 255f);
                }
            }
        }

        return image;
    }

    /// <summary>Signed distance to the outline, negative inside, in units in which every shape has the area π.</summary>
    private static float Distance(int shape, float u, float v)
    {
        switch (shape)
        {
            case 0:
                return MathF.Sqrt((u * u) + (v * v)) - 1f;
            case 1:
                return MathF.Max(MathF.Abs(u), MathF.Abs(v)) - 0.8862f;
            case 2:
                return MathF.Max(v, (0.8660f * MathF.Abs(u)) - (0.5f * v)) - 0.7777f;
            case 3:
                var (a, b) = (MathF.Abs(u), MathF.Abs(v));
                return MathF.Min(MathF.Max(a - 1.145f, b - 0.42f), MathF.Max(a - 0.42f, b - 1.145f));
            default:
                return MathF.Abs(MathF.Sqrt((u * u) + (v * v)) - 0.9317f) - 0.2683f;
        }
    }

    /// <summary>A triangle wave of period 1 between −1 and 1.</summary>
    private static float Wave(float t) => (4f * MathF.Abs(t - MathF.Floor(t + 0.5f))) - 1f;

    /// <summary>0 below −0.5, 1 above 0.5, linear between: an edge one pixel wide.</summary>
    private static float Soft(float pixels) => Math.Clamp(pixels + 0.5f, 0f, 1f);

    private static (float Sin, float Cos) Turn(float degrees)
    {
        var (sin, cos) = PortableMath.SinCosDegrees(degrees);
        return ((float)sin, (float)cos);
    }

    private static void Color(Span<float> color, float low, float high, ref RandomStream random)
    {
        for (var c = 0; c < 3; c++)
            color[c] = random.NextSingle(low, high);
    }
}
