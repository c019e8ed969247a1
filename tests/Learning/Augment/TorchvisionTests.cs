using System.Runtime.CompilerServices;
using System.Text.Json;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Tests.Augment;

/// <summary>Each operation with fixed parameters against torchvision on PIL images.</summary>
public class TorchvisionTests
{
    private static readonly JsonElement s_golden = JsonDocument.Parse(File.ReadAllBytes(GoldenFile())).RootElement;

    public static TheoryData<int, string> Cases()
    {
        var data = new TheoryData<int, string>();
        var index = 0;
        foreach (var one in s_golden.GetProperty("cases").EnumerateArray())
            data.Add(index++, one.GetProperty("operation").GetString() + one.GetProperty("parameters").GetRawText());
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Equals_torchvision(int index, string name)
    {
        var one = s_golden.GetProperty("cases")[index];
        var expected = Image(one);
        var operation = one.GetProperty("operation").GetString()!;
        var parameters = one.GetProperty("parameters");
        var actual = Render(operation, parameters, Image(s_golden));
        Assert.Equal((expected.Width, expected.Height), (actual.Width, actual.Height));

        var off = 0;
        var worst = 0;
        for (var i = 0; i < expected.ByteCount; i++)
        {
            var difference = Math.Abs(expected.Pixels[i] - actual.Pixels[i]);
            worst = Math.Max(worst, difference);
            off += difference > 2 ? 1 : 0;
        }

        // Only a rotation to the nearest pixel may land on the other side of a pixel's edge.
        var allowed = operation == "rotate" && !parameters.GetProperty("bilinear").GetBoolean() ? expected.ByteCount / 200 : 0;
        Assert.True(off <= allowed, $"{name}: {off} values differ by more than 2, the worst by {worst}");

        // These are integer arithmetic or a single rounding: nothing may differ at all.
        if (operation is "crop" or "center" or "brightness" or "contrast" or "saturation" or "hue" or "grayscale" or "flip" or "solarize")
            Assert.True(worst == 0, $"{name}: differs by {worst}");
    }

    private static RgbImage Render(string operation, JsonElement p, RgbImage image)
    {
        var whole = new ViewSettings { Crop = new CropSettings { Size = 1, Kind = CropKind.Padded, Padding = 0 } };
        var none = new ViewParameters { Crop = new CropBox(0, 0, image.Width, image.Height), JitterOrder = ViewParameters.IdentityJitterOrder };
        float F(string name) => p.GetProperty(name).GetSingle();
        int N(string name) => p.GetProperty(name).GetInt32();
        ViewSettings Jitter(float b, float c, float s, float h) => whole with { Jitter = new JitterSettings(1, b, c, s, h) };
        return operation switch
        {
            "crop" => ViewRenderer.RenderImage(
                image,
                new ViewSettings
                {
                    Crop = new CropSettings
                    {
                        Size = 24,
                        Interpolation = p.GetProperty("filter").GetString() == "bicubic" ? Interpolation.Bicubic : Interpolation.Bilinear,
                    },
                },
                none with { Crop = new CropBox(N("left"), N("top"), N("width"), N("height")) }),
            "center" => ViewRenderer.RenderImage(image, ViewSettings.Evaluation(24, NormalizeSettings.None, N("resize")), none),
            "brightness" => ViewRenderer.RenderImage(image, Jitter(1, 0, 0, 0), none with { Jitter = true, Brightness = F("factor") }),
            "contrast" => ViewRenderer.RenderImage(image, Jitter(0, 1, 0, 0), none with { Jitter = true, Contrast = F("factor") }),
            "saturation" => ViewRenderer.RenderImage(image, Jitter(0, 0, 1, 0), none with { Jitter = true, Saturation = F("factor") }),
            "hue" => ViewRenderer.RenderImage(image, Jitter(0, 0, 0, 1), none with { Jitter = true, Hue = F("factor") }),
            "grayscale" => ViewRenderer.RenderImage(image, whole, none with { Grayscale = true }),
            "flip" => ViewRenderer.RenderImage(image, whole, none with { Flip = true }),
            "solarize" => ViewRenderer.RenderImage(
                image, whole with { Solarize = new SolarizeSettings(1, N("threshold")) }, none with { Solarize = true }),
            "blur" => ViewRenderer.RenderImage(
                image, whole with { Blur = new BlurSettings(1, 0.1f, 2f, N("kernel")) }, none with { BlurSigma = F("sigma") }),
            "rotate" => ViewRenderer.RenderImage(
                image,
                whole with { Rotation = new RotationSettings(1, 180, Bilinear: p.GetProperty("bilinear").GetBoolean()) },
                none with { Angle = F("angle") }),
            _ => throw new ArgumentException(operation),
        };
    }

    private static string GoldenFile([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "..", "Golden", "torchvision_views.json");

    private static RgbImage Image(JsonElement element) => new(
        element.GetProperty("width").GetInt32(), element.GetProperty("height").GetInt32(), element.GetProperty("pixels").GetBytesFromBase64());
}
