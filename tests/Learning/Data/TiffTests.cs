using BitMiracle.LibTiff.Classic;
using SslOrleans.Contracts;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Images;
using SslOrleans.Learning.Training;

namespace SslOrleans.Learning.Tests.Data;

/// <summary>TIFFs are written value by value with the library, and what is read must be those values.</summary>
public sealed class TiffTests : IDisposable
{
    private const int Width = 37;
    private const int Height = 21;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(1, 8, Compression.NONE, false, false)]
    [InlineData(3, 8, Compression.LZW, false, false)]
    [InlineData(3, 8, Compression.ADOBE_DEFLATE, true, false)]
    [InlineData(4, 8, Compression.PACKBITS, false, false)]
    [InlineData(1, 16, Compression.LZW, false, true)]
    [InlineData(3, 16, Compression.NONE, true, true)]
    [InlineData(2, 8, Compression.NONE, false, false)]
    public void Values_are_read_as_they_were_written(int channels, int bits, Compression compression, bool separate, bool tiled)
    {
        var image = ImageDecoder.Decode(Write(channels, bits, compression, separate, tiled));
        Assert.Equal((Width, Height), (image.Width, image.Height));
        for (var i = 0; i < Width * Height * 3; i++)
        {
            var value = Value(i / 3 % Width, i / 3 / Width, channels < 3 ? 0 : i % 3, bits);
            Assert.Equal(bits == 8 ? value : value >> 8, image.Pixels[i]);
        }
    }

    [Fact]
    public void Sixteen_bits_keep_the_range_that_is_named()
    {
        var image = new RgbImage();
        ImageDecoder.Decode(Write(1, 16, most: 4095), image, bits: 12);
        Assert.Equal((byte)Math.Round(Value(5, 3, 0, 16, 4095) * 255.0 / 4095, MidpointRounding.AwayFromZero), image.Pixels[((3 * Width) + 5) * 3]);
        for (var i = 0; i < 64; i++)
            _folder.Write($"{i:D2}.tif", Write(1, 16, most: 4095));
        Assert.Contains("set data.bits=12", Assert.Throws<UserErrorException>(() => new ImageTrainingData(SmallRun.Recipe("simclr"), _folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Of_many_channels_three_are_named(bool separate)
    {
        var bytes = Write(7, 16, Compression.LZW, separate);
        Assert.Contains("it has 7 channels; say in data.channels", Assert.Throws<UndecodableImageException>(() => ImageDecoder.Decode(bytes)).Message, StringComparison.Ordinal);
        var image = new RgbImage();
        ImageDecoder.Decode(bytes, image, channels: [6, 2, 4]);
        for (var i = 0; i < Width * Height * 3; i++)
            Assert.Equal(Value(i / 3 % Width, i / 3 / Width, (new[] { 6, 2, 4 })[i % 3], 16) >> 8, image.Pixels[i]);
        Assert.Contains("data.channels wants number 7", Assert.Throws<UndecodableImageException>(() => ImageDecoder.Decode(bytes, image, channels: [7, 0, 0])).Message, StringComparison.Ordinal);

        // A recipe says which, and one that does not is refused before a training.
        for (var i = 0; i < 40; i++)
            _folder.Write($"{i:D2}.tiff", bytes);
        var recipe = SmallRun.Recipe("simclr");
        var refused = Assert.Throws<UserErrorException>(() => new ImageTrainingData(recipe, _folder.Path));
        Assert.Equal(RefusalReason.Data, refused.Reason);
        Assert.Contains("as in data.channels=[0,1,2]", refused.Message, StringComparison.Ordinal);
        using var data = new ImageTrainingData(recipe with { Data = new() { Channels = [6, 2, 4] } }, _folder.Path);
        Assert.Equal(40, data.Samples);
        Assert.Contains(data.Notes, n => n == "converted: 16 of the 16 images that were looked at have 16 bits a channel, which become 8");
        using var chosen = ImageSources.Open(_folder.Path, "train", new SourceOptions { Channels = [6, 2, 4] });
        Packer.Pack(chosen, _folder.File("out"), options: new PackOptions { Quality = 0, Channels = [6, 2, 4] });
        using var packed = ImageSources.Open(_folder.File("out"));
        Assert.Equal(image.Pixels.ToArray(), packed.Read(3).Pixels.ToArray());
    }

    [Fact]
    public void Channels_of_other_images_can_change_places()
    {
        var image = new RgbImage(2, 1, [1, 2, 3, 4, 5, 6]);
        var read = new RgbImage();
        ImageDecoder.Decode(ImageEncoder.Png(image), read, channels: [2, 1, 0]);
        Assert.Equal([3, 2, 1, 6, 5, 4], read.Pixels.ToArray());
        Assert.Throws<UndecodableImageException>(() => ImageDecoder.Decode(ImageEncoder.Png(image), read, channels: [3, 1, 0]));
    }

    [Fact]
    public void What_is_cut_short_is_undecodable()
    {
        var bytes = Write(3, 8);
        Assert.Throws<UndecodableImageException>(() => ImageDecoder.Decode(bytes.AsSpan(0, bytes.Length / 2)));
    }

    [Fact]
    public void What_is_not_read_is_refused_by_name()
    {
        Refused("4 channels of 8 bits (UINT, SEPARATED) are not read", Write(4, 8, photometric: Photometric.SEPARATED));
        Refused("1 channels of 32 bits (IEEEFP, MINISBLACK) are not read", Write(1, 32, format: SampleFormat.IEEEFP));
        Refused("compressed as CCITTFAX4, which is not read", Write(1, 8, Compression.CCITTFAX4));
        Refused("a BigTIFF", [(byte)'I', (byte)'I', 43, 0, 8, 0, 0, 0]);

        static void Refused(string why, byte[] bytes) => Assert.Contains(why, Assert.Throws<UndecodableImageException>(() => ImageDecoder.Decode(bytes)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Jpeg_within_a_tiff_is_read()
    {
        var image = ImageDecoder.Decode(Write(1, 8, Compression.JPEG));
        Assert.InRange(image.Pixels.ToArray().Select((p, i) => Math.Abs(p - Value(i / 3 % Width, i / 3 / Width, 0, 8))).Average(), 0, 6);
    }

    public void Dispose() => _folder.Dispose();

    internal static byte[] Write(
        int channels, int bits, Compression compression = Compression.NONE, bool separate = false, bool tiled = false, int most = 0, SampleFormat format = SampleFormat.UINT, Photometric? photometric = null)
    {
        var path = Path.GetTempFileName();
        using (var tiff = Tiff.Open(path, "w"))
        {
            tiff.SetField(TiffTag.IMAGEWIDTH, Width);
            tiff.SetField(TiffTag.IMAGELENGTH, Height);
            tiff.SetField(TiffTag.SAMPLESPERPIXEL, channels);
            tiff.SetField(TiffTag.BITSPERSAMPLE, bits);
            tiff.SetField(TiffTag.SAMPLEFORMAT, format);
            tiff.SetField(TiffTag.PHOTOMETRIC, photometric ?? (channels is 3 or 4 ? Photometric.RGB : Photometric.MINISBLACK));
            tiff.SetField(TiffTag.COMPRESSION, compression);
            tiff.SetField(TiffTag.PLANARCONFIG, separate ? PlanarConfig.SEPARATE : PlanarConfig.CONTIG);
            var (across, down) = tiled ? (16, 16) : (Width, 8);
            if (tiled)
            {
                tiff.SetField(TiffTag.TILEWIDTH, across);
                tiff.SetField(TiffTag.TILELENGTH, down);
            }
            else
            {
                tiff.SetField(TiffTag.ROWSPERSTRIP, down);
            }

            for (var plane = 0; plane < (separate ? channels : 1); plane++)
            {
                for (var top = 0; top < Height; top += down)
                {
                    for (var left = 0; left < Width; left += across)
                    {
                        var rows = tiled ? down : Math.Min(down, Height - top);
                        var block = new List<byte>();
                        for (var i = 0; i < rows * across * (separate ? 1 : channels); i++)
                        {
                            var pixel = separate ? i : i / channels;
                            var value = Value(left + (pixel % across), top + (pixel / across), separate ? plane : i % channels, bits, most);
                            block.AddRange(bits == 8 ? [(byte)value] : bits == 16 ? BitConverter.GetBytes((ushort)value) : BitConverter.GetBytes((float)value));
                        }

                        var bytes = block.ToArray();
                        if (tiled)
                            tiff.WriteEncodedTile(tiff.ComputeTile(left, top, 0, (short)plane), bytes, bytes.Length);
                        else
                            tiff.WriteEncodedStrip(tiff.ComputeStrip(top, (short)plane), bytes, bytes.Length);
                    }
                }
            }
        }

        var written = File.ReadAllBytes(path);
        File.Delete(path);
        return written;
    }

    private static int Value(int x, int y, int channel, int bits, int most = 0) => ((x * 5) + (y * 11) + (channel * 41)) * (bits == 8 ? 1 : 151) % ((most > 0 ? most : (1 << Math.Min(bits, 16)) - 1) + 1);
}
