using System.Runtime.CompilerServices;
using System.Text.Json;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Tests.Data;

/// <summary>Decoding against Pillow, unusual formats included.</summary>
public class ImageFormatTests
{
    private static readonly JsonElement s_golden = JsonDocument.Parse(File.ReadAllBytes(GoldenFile())).RootElement;

    public static TheoryData<int, string> Cases()
    {
        var data = new TheoryData<int, string>();
        var index = 0;
        foreach (var one in s_golden.GetProperty("cases").EnumerateArray())
            data.Add(index++, one.GetProperty("name").GetString()!);
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Decodes_like_Pillow(int index, string name)
    {
        var one = s_golden.GetProperty("cases")[index];
        var image = ImageDecoder.Decode(one.GetProperty("file").GetBytesFromBase64());
        Assert.Equal((one.GetProperty("width").GetInt32(), one.GetProperty("height").GetInt32()), (image.Width, image.Height));
        var expected = one.GetProperty("pixels").GetBytesFromBase64();
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - image.Pixels[i]) <= 2, $"{name}: byte {i} is {image.Pixels[i]}, not {expected[i]}");
    }

    [Fact]
    public void A_gif_is_refused_by_name()
    {
        var error = Assert.Throws<UndecodableImageException>(() => ImageDecoder.Decode(s_golden.GetProperty("gif").GetBytesFromBase64()));
        Assert.Contains("GIF", error.Message);
    }

    [Fact]
    public void A_truncated_jpeg_is_undecodable()
    {
        var jpeg = ImageEncoder.Jpeg(GeneratedImages.Draw(1, 0, 0).Image, 90);
        ImageDecoder.Decode(jpeg);
        Assert.Throws<UndecodableImageException>(() => ImageDecoder.Decode(jpeg.AsSpan(0, jpeg.Length * 2 / 3)));
    }

    [Fact]
    public void A_damaged_image_leaves_no_trace_in_the_next()
    {
        var good = ImageEncoder.Jpeg(GeneratedImages.Draw(1, 0, 0).Image, 90);
        var expected = ImageDecoder.Decode(good).Pixels.ToArray();
        var random = new Random(5);
        var bare = WithoutHuffmanTables(good);
        var alone = Outcome(bare);
        for (var i = 0; i < 200; i++)
        {
            var damaged = (byte[])ImageEncoder.Jpeg(GeneratedImages.Draw(2, 0, i).Image, 30 + (i % 60)).Clone();
            damaged[random.Next(20, 600)] ^= (byte)random.Next(1, 256);
            Outcome(damaged);
            Assert.Equal(expected, ImageDecoder.Decode(good).Pixels.ToArray());
            Assert.Equal(alone, Outcome(bare));
        }

        static string Outcome(byte[] jpeg)
        {
            try
            {
                return Convert.ToHexString(ImageDecoder.Decode(jpeg).Pixels);
            }
            catch (UndecodableImageException failure)
            {
                return failure.Message;
            }
        }

        static byte[] WithoutHuffmanTables(byte[] jpeg)
        {
            var bytes = jpeg.ToList();
            while (bytes.IndexOf(0xC4) is var at && at > 0 && bytes[at - 1] == 0xFF)
                bytes.RemoveRange(at - 1, 2 + (bytes[at + 1] << 8) + bytes[at + 2]);
            return [.. bytes];
        }
    }

    [Fact]
    public void A_truncated_png_is_undecodable()
    {
        var png = ImageEncoder.Png(GeneratedImages.Draw(1, 0, 0).Image);
        ImageDecoder.Decode(png);
        Assert.Throws<UndecodableImageException>(() => ImageDecoder.Decode(png.AsSpan(0, png.Length / 2)));
    }

    [Theory]
    [InlineData(65000, 65000)]
    [InlineData(60000, 2000)]
    public void A_header_beyond_the_pixel_limit_costs_no_memory(int width, int height)
    {
        var jpeg = ImageEncoder.Jpeg(GeneratedImages.Draw(1, 0, 0).Image, 90);
        var frame = jpeg.AsSpan().IndexOf(new byte[] { 0xFF, 0xC0 });
        (jpeg[frame + 5], jpeg[frame + 6], jpeg[frame + 7], jpeg[frame + 8]) = ((byte)(height >> 8), (byte)height, (byte)(width >> 8), (byte)width);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<UndecodableImageException>(() => ImageDecoder.Decode(jpeg));
        Assert.Contains($"{width}x{height}", error.Message);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
    }

    [Fact]
    public void A_png_header_beyond_the_limit_is_refused()
    {
        var png = ImageEncoder.Png(new RgbImage(40, 50));
        var error = Assert.Throws<UndecodableImageException>(() => ImageDecoder.Decode(png, new RgbImage(), pixelLimit: 1999));
        Assert.Contains("40x50", error.Message);
    }

    [Fact]
    public void Png_keeps_every_byte()
    {
        var image = GeneratedImages.Draw(3, 1, 4).Image;
        Assert.Equal(image.Pixels.ToArray(), ImageDecoder.Decode(ImageEncoder.Png(image)).Pixels.ToArray());
    }

    [Fact]
    public void Large_jpegs_are_decoded_smaller_but_not_below_the_side()
    {
        var jpeg = ImageEncoder.Jpeg(new RgbImage(500, 375), 90);
        var image = new RgbImage();
        ImageDecoder.Decode(jpeg, image, shortSide: 0);
        Assert.Equal((500, 375), (image.Width, image.Height));
        ImageDecoder.Decode(jpeg, image, shortSide: 188);
        Assert.Equal((500, 375), (image.Width, image.Height));
        ImageDecoder.Decode(jpeg, image, shortSide: 187);
        Assert.Equal((250, 188), (image.Width, image.Height));
        ImageDecoder.Decode(jpeg, image, shortSide: 40);
        Assert.Equal((63, 47), (image.Width, image.Height));
    }

    private static string GoldenFile([CallerFilePath] string here = "") =>
        Path.Combine(Path.GetDirectoryName(here)!, "..", "Golden", "image_formats.json");
}
