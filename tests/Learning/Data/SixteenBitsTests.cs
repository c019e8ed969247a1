using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Training;

namespace SslOrleans.Learning.Tests.Data;

/// <summary>A camera's 12 bits in a PNG of 16: refused with the mend, and with it they keep their range.</summary>
public sealed class SixteenBitsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(12, 4095)]
    [InlineData(10, 1023)]
    [InlineData(14, 16383)]
    public void A_set_that_uses_part_of_the_range_is_refused_with_the_bits_that_it_uses(int bits, int most)
    {
        Write(most);
        var error = Assert.Throws<UserErrorException>(() => new ImageTrainingData(Recipe(0), _folder.Path));
        Assert.Contains($"32 images of 16 bits use the range 0 … {most} of 65535", error.Message, StringComparison.Ordinal);
        Assert.Contains($"set data.bits={bits} in the recipe", error.Message, StringComparison.Ordinal);
        Assert.Equal(RefusalReason.Data, error.Reason);
        using var source = ImageSources.Open(_folder.Path);
        Assert.Contains($"data.bits={bits}", Assert.Throws<UserErrorException>(() => Packer.Pack(source, _folder.File("out"))).Message, StringComparison.Ordinal);
        using var data = new ImageTrainingData(Recipe(bits), _folder.Path);
        Assert.Equal(64, data.Samples);
        using var asTheyAre = new ImageTrainingData(Recipe(16), _folder.Path);
        Assert.Equal(64, asTheyAre.Samples);
    }

    [Fact]
    public void Twelve_bits_become_eight_by_rounding()
    {
        Write(4095);
        using var source = ImageSources.Open(_folder.Path, "train", new SourceOptions { Bits = 12 });
        var image = source.Read(5);
        for (var i = 0; i < 32 * 32; i++)
        {
            var expected = (byte)Math.Round(Value(5, i % 32, i / 32, 4095) * 255.0 / 4095, MidpointRounding.AwayFromZero);
            Assert.Equal((expected, expected, expected), (image.Pixels[3 * i], image.Pixels[(3 * i) + 1], image.Pixels[(3 * i) + 2]));
        }

        Packer.Pack(source, _folder.File("out"), options: new PackOptions { Quality = 0, Bits = 12 });
        using var packed = ImageSources.Open(_folder.File("out"));
        Assert.Equal(image.Pixels.ToArray(), packed.Read(5).Pixels.ToArray());
    }

    [Fact]
    public void A_value_beyond_the_bits_is_not_clipped()
    {
        Write(4095);
        using var source = ImageSources.Open(_folder.Path, "train", new SourceOptions { Bits = 11, UndecodableLimit = 1 });
        Assert.Throws<UserErrorException>(() => source.Read(0));
        Assert.Contains("more than data.bits, which is 11", source.Undecodable[0], StringComparison.Ordinal);
    }

    [Fact]
    public void The_whole_range_is_taken_as_it_is()
    {
        Write(65535);
        using var data = new ImageTrainingData(Recipe(0), _folder.Path);
        using var source = ImageSources.Open(_folder.Path);
        Assert.Equal(Value(3, 1, 0, 65535) >> 8, source.Read(3).Pixels[3]);
    }

    public void Dispose() => _folder.Dispose();

    private static int Value(int image, int x, int y, int most) => ((x * 64) + (y * 640) + (image * 37)) % (most + 1) is var v && (x, y) == (31, 31) ? most : v;

    private static Recipe Recipe(int bits) => SmallRun.Recipe("simclr") with { Data = new() { Bits = bits } };

    private void Write(int most)
    {
        for (var i = 0; i < 64; i++)
            _folder.Write($"{i:D3}.png", PngBuilder.Gray16(32, 32, (x, y) => Value(i, x, y, most)));
    }
}
