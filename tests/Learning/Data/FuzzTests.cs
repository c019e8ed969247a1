using FsCheck.Fluent;
using FsCheck;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Checkpoints;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Data.Tables;
using SslOrleans.Learning.Images;
using SslOrleans.Learning.Training;
using SslOrleans.Tests;

namespace SslOrleans.Learning.Tests.Data;

/// <summary>Readers of this assembly fed with damaged files: a result or one of two exceptions, nothing else, in bounded time and memory.</summary>
public sealed class FuzzTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(Fuzz.Few)]
    [InlineData(Fuzz.Many, Traits = ["Category", "Slow"])]
    public void Jpegs(int inputs) => Damage(ImageEncoder.Jpeg(GeneratedImages.Draw(1, 0, 3).Image, 85), inputs, DecodeBounded);

    [Theory]
    [InlineData(Fuzz.Few)]
    [InlineData(Fuzz.Many, Traits = ["Category", "Slow"])]
    public void Pngs(int inputs)
    {
        Damage(ImageEncoder.Png(GeneratedImages.Draw(1, 0, 3).Image), inputs, DecodeBounded);
        Damage(PngBuilder.Gray16(32, 32, (x, y) => x * y), inputs / 5, DecodeBounded);
    }

    [Theory]
    [InlineData(Fuzz.Few)]
    [InlineData(Fuzz.Many, Traits = ["Category", "Slow"])]
    public void Tiffs(int inputs)
    {
        Damage(TiffTests.Write(3, 8), inputs / 5, DecodeBounded);
        Damage(TiffTests.Write(1, 16, BitMiracle.LibTiff.Classic.Compression.LZW, tiled: true), inputs / 5, DecodeBounded);
        Damage(TiffTests.Write(4, 8, BitMiracle.LibTiff.Classic.Compression.PACKBITS), inputs / 5, DecodeBounded);
        Damage(TiffTests.Write(3, 16, BitMiracle.LibTiff.Classic.Compression.ADOBE_DEFLATE, separate: true), inputs / 5, DecodeBounded);
        Damage(TiffTests.Write(3, 8, BitMiracle.LibTiff.Classic.Compression.JPEG), inputs / 5, DecodeBounded);
    }

    [Fact]
    public void Any_bytes_as_an_image()
        => Check.One(Config.QuickThrowOnFailure.WithMaxTest(400).WithReplay(17, 4711, 100), Prop.ForAll<byte[]>(bytes => Damage(bytes, 0, b => Accept(b, DecodeBounded))));

    [Theory]
    [InlineData(Fuzz.Few)]
    [InlineData(Fuzz.Many, Traits = ["Category", "Slow"])]
    public void Tars(int inputs) => Damage(
        new TarBuilder().Samples(3).Add("c.json", "{\"label\": 1}").Add("c.jpg", TarBuilder.Jpeg(1)).Build(System.Formats.Tar.TarEntryFormat.Pax), inputs, ReadAll("x.tar"));

    [Theory]
    [InlineData(Fuzz.Few)]
    [InlineData(Fuzz.Many, Traits = ["Category", "Slow"])]
    public void Gzips(int inputs) => Damage(new TarBuilder().Samples(3).BuildGzip(), inputs, ReadAll("x.tar.gz"));

    [Theory]
    [InlineData(Fuzz.Few)]
    [InlineData(Fuzz.Many, Traits = ["Category", "Slow"])]
    public void Packed_shards(int inputs)
    {
        _folder.Write("in/x.tar", new TarBuilder().Samples(3).Build());
        using (var source = ImageSources.Open(_folder.File("in")))
            Packer.Pack(source, _folder.File("out"));
        Damage(File.ReadAllBytes(_folder.File("out/train-000000.sslpack")), inputs, ReadAll("x.sslpack"));
    }

    [Theory]
    [InlineData(Fuzz.Few)]
    [InlineData(Fuzz.Many, Traits = ["Category", "Slow"])]
    public void Tables(int inputs)
    {
        var text = string.Concat("name,age,\"city, state\",label\n", string.Concat(Enumerable.Range(0, 30).Select(i => $"\"n \"\"{i}\"\"\",{i * 1.5},c{i % 3},{i % 2}\n")));
        var recipe = new Recipe { Data = new() { Modality = Modality.Table } };
        Damage(System.Text.Encoding.UTF8.GetBytes(text), inputs, bytes =>
        {
            File.WriteAllBytes(_folder.File("t.csv"), bytes);
            _ = new TableRows(CsvTable.Read(new FolderFiles(_folder.File("t.csv")), "train"), recipe.Table);
        });
    }

    [Theory]
    [InlineData(Fuzz.Few)]
    [InlineData(Fuzz.Many, Traits = ["Category", "Slow"])]
    public void Safetensors(int inputs)
    {
        var capture = StepCapture.Write(3, "loss is NaN", StepCapture.Inputs(0, new SmallRun.Data(SmallRun.Recipe("simclr")).Render(0, 2)));
        Damage(capture, inputs, bytes =>
        {
            StepCapture.Parse(bytes, "here").Views(0);
            var file = SafetensorsFile.Parse(bytes);
            foreach (var entry in file.Entries.Where(e => e.Type == "F32"))
                file.Floats(entry.Name);
        });
    }

    public void Dispose() => _folder.Dispose();

    private static void Damage(byte[] good, int inputs, Action<byte[]> read)
        => Fuzz.Damage(good, inputs, read, typeof(UserErrorException), typeof(UndecodableImageException), typeof(SafetensorsException));

    private static void Accept(byte[] bytes, Action<byte[]> read)
    {
        try
        {
            read(bytes);
        }
        catch (UndecodableImageException e)
        {
            Assert.NotEmpty(e.Message);
        }
    }

    private static void DecodeBounded(byte[] bytes)
    {
        ImageKinds.Of(bytes);
        ImageDecoder.Decode(bytes, new RgbImage(), pixelLimit: 1 << 20);
    }

    private Action<byte[]> ReadAll(string name) => bytes =>
    {
        var path = _folder.File(name);
        File.WriteAllBytes(path, bytes);
        using var source = ImageSources.Open(path, "train", new SourceOptions { PixelLimit = 1 << 20 });
        for (var i = 0; i < source.Count; i++)
            source.Read(i);
    };
}
