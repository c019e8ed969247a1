using SslOrleans.Learning.Images;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Data;

/// <summary>Paints one textured shape on a shaded ground.</summary>
internal static class ShapePainter
{
    private const float LeastRadius = 0.27f;
    private const float GreatestRadius = 0.36f;

    public static IReadOnlyList<string> Shapes { get; } = ["disc", "square", "triangle", "cross", "ring"];

    public static IReadOnlyList<string> Textures { get; } = ["striped", "checked", "dotted", "plain", "grooved"];

    /// <param name="shape">Index in <see cref="Shapes"/>.</param>
    /// <param name="texture">Index in <see cref="Textures"/>.</param>
    /// <param name="size">Side, pixels.</param>
    /// <param name="random">Source of everything that is not the class.</param>
    public static RgbImage Paint(int shape, int texture, int size, ref RandomStream random)
    {
        var image = new RgbImage(size, size);
        var pixels = image.Writable;
        var centerX = size * random.NextSingle(0.41f, 0.59f);
        var centerY = size * random.NextSingle(0.41f, 0.59f);
        var radius = size * random.NextSingle(LeastRadius, GreatestRadius);
        var (sin, cos) = Turn(random.NextSingle(-25f, 25f));
        var pattern = new Pattern(texture, size, ref random);
        Span<float> ground = stackalloc float[3];
        Span<float> light = stackalloc float[3];
        Span<float> dark = stackalloc float[3];
        Tint(ground, random.NextSingle(45f, 210f), ref random);
        var middle = random.NextSingle(85f, 170f);
        var contrast = random.NextSingle(30f, 85f);
        Tint(light, middle + contrast, ref random);
        Tint(dark, middle - contrast, ref random);
        var slopeX = random.NextSingle(-20f, 20f) / size;
        var slopeY = random.NextSingle(-20f, 20f) / size;
        for (var y = 0; y < size; y++)
        {
            for (var x = 0; x < size; x++)
            {
                var (dx, dy) = (x + 0.5f - centerX, y + 0.5f - centerY);
                var u = ((cos * dx) + (sin * dy)) / radius;
                var v = ((cos * dy) - (sin * dx)) / radius;
                var cover = Soft(-Distance(shape, u, v) * radius);
                var mix = pattern.At(dx, dy);
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

    /// <summary>Radius of the shape that <see cref="Paint"/> paints with this stream, as a share of the least and the greatest: 0 … 1.</summary>
    public static float SizeOf(int size, RandomStream random)
    {
        _ = random.NextSingle();
        _ = random.NextSingle();
        return ((size * random.NextSingle(LeastRadius, GreatestRadius) / size) - LeastRadius) / (GreatestRadius - LeastRadius);
    }

    /// <summary>A texture: share of the light colour at a place relative to the shape's centre.</summary>
    private readonly struct Pattern
    {
        private readonly int _texture;
        private readonly float _sin;
        private readonly float _cos;
        private readonly float _period;
        private readonly float _phaseU;
        private readonly float _phaseV;

        public Pattern(int texture, int size, ref RandomStream random)
        {
            _texture = texture;
            (_sin, _cos) = Turn(random.NextSingle(-25f, 25f));
            _period = size / 32f * random.NextSingle(0.9f, 1.1f) * texture switch { 0 => 4.4f, 1 => 9f, 2 => 5.5f, _ => 5.5f };
            _phaseU = random.NextSingle();
            _phaseV = random.NextSingle();
        }

        public float At(float x, float y)
        {
            var u = (((_cos * x) + (_sin * y)) / _period) + _phaseU;
            var v = (((_cos * y) - (_sin * x)) / _period) + _phaseV;
            return _texture switch
            {
                0 => Soft(Wave(u) * 2f),
                1 => Soft(Wave(u) * Wave(v) * 6f),
                2 => Soft((Wave(u) + Wave(v)) * 2f + 1f),
                3 => _phaseV,
                _ => Soft(Wave((MathF.Sqrt((x * x) + (y * y)) / _period) + _phaseU) * 2f),
            };
        }
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

    /// <summary>A gray with a little tint: too little to know an image by.</summary>
    private static void Tint(Span<float> color, float gray, ref RandomStream random)
    {
        for (var c = 0; c < 3; c++)
            color[c] = gray + random.NextSingle(-25f, 25f);
    }
}
