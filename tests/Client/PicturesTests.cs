using System.Xml.Linq;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Images;

namespace SslOrleans.Client.Tests;

/// <summary><c>sslo pictures</c> on a run of a masked method, which has everything to draw, and on files.</summary>
[Collection(nameof(BlasThreads))]
public sealed class PicturesTests : IDisposable
{
    private static readonly string[] s_all = ["curves.svg", "spectrum.svg", "map.svg", "neighbours.png", "reconstructions.png", "attention.png"];

    private readonly TestFolder _folder = new();

    public PicturesTests() => GeneratedImages.Write(_folder.In("images"), 60, 20, 1);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_masked_run_has_all_of_them_and_its_exported_encoder_most()
    {
        var recipe = _folder.Write("small.jsonc", """
            { "method": "mae", "steps": 2, "batch": { "effective": 8, "micro": 8 }, "views": [ { "crop": { "size": 16 }, "mask": { "kind": "random", "ratio": 0.75 } } ],
              "backbone": { "name": "vit-nano", "patchSize": 4, "imageSize": 16 }, "loss": { "decoderWidth": 16, "decoderDepth": 1, "decoderHeads": 2 },
              "optimizer": { "name": "adamw", "learningRate": 0.001 } }
            """);
        var trained = await Invocation.Of("train", recipe, "--data", _folder.In("images"), "--runs", _folder.In("runs"), "--run", "small");
        Assert.True(trained.Code == 0, trained.Error);
        var drawn = await Invocation.Of("pictures", "small", "--runs", _folder.In("runs"), "--out", _folder.In("a"), "--images", "4", "--json");
        Assert.True(drawn.Code == 0, drawn.Error);
        Assert.Equal(s_all, drawn.JsonLines.Select(l => l.GetProperty("picture").GetString()));
        Assert.All(drawn.JsonLines, l => Assert.True(File.Exists(l.GetProperty("file").GetString())));

        // A tile is 64 pixels with 4 between: 4 rows; 9, 3 and 2 + heads columns.
        Assert.Equal(((9 * 68) + 4, (4 * 68) + 4), SizeOf("a/neighbours.png"));
        Assert.Equal(((3 * 68) + 4, (4 * 68) + 4), SizeOf("a/reconstructions.png"));
        Assert.Equal((4 * 68) + 4, SizeOf("a/attention.png").Height);
        var map = XDocument.Load(_folder.In("a/map.svg"));
        var legend = map.Descendants().Count(e => e.Name.LocalName == "circle" && e.Attribute("r")!.Value == "5");
        Assert.Equal(10, legend);
        Assert.Equal(20 + legend, map.Descendants().Count(e => e.Name.LocalName == "circle"));
        Assert.Contains(map.Descendants().Where(e => e.Name.LocalName == "text"), t => t.Value == GeneratedImages.Classes[0]);
        Assert.Contains("RankMe", File.ReadAllText(_folder.In("a/spectrum.svg")));
        Assert.Contains("kNN", File.ReadAllText(_folder.In("a/curves.svg")));

        // Ten classes, and four rows: each row is of another class.
        var sheet = ImageDecoder.Decode(File.ReadAllBytes(_folder.In("a/neighbours.png")));
        var frames = Enumerable.Range(0, 8).Select(c => Pixel(sheet, 4 + 68 + (c * 68) - 2, 40)).ToHashSet();
        Assert.All(frames, f => Assert.True(f is (46, 158, 107) or (214, 69, 80), $"{f}"));
        Assert.Equal((255, 255, 255), Pixel(sheet, 2, 40));

        var exported = await Invocation.Of("export", "small", _folder.In("e.safetensors"), "--runs", _folder.In("runs"));
        Assert.True(exported.Code == 0, exported.Error);
        var file = await Invocation.Of("pictures", _folder.In("e.safetensors"), "--data", _folder.In("images"), "--out", _folder.In("b"), "--images", "4");
        Assert.True(file.Code == 0, file.Error);
        Assert.Contains("curves.svg left out: only a run has curves", file.Output);
        Assert.Contains("reconstructions.png left out: an exported file has no decoder", file.Output);
        foreach (var same in new[] { "neighbours.png", "attention.png" })
            Assert.Equal(SizeOf("a/" + same), SizeOf("b/" + same));
        Assert.False(File.Exists(_folder.In("b/reconstructions.png")));

        var none = await Invocation.Of("pictures", "small", "--runs", _folder.In("runs"), "--images", "0");
        Assert.Equal(2, none.Code);
        Assert.Contains("--images is 0", none.ErrorLine);
    }

    private static (int, int, int) Pixel(RgbImage image, int x, int y)
    {
        var at = ((y * image.Width) + x) * 3;
        return (image.Pixels[at], image.Pixels[at + 1], image.Pixels[at + 2]);
    }

    private (int Width, int Height) SizeOf(string file)
    {
        var image = ImageDecoder.Decode(File.ReadAllBytes(_folder.In(file)));
        return (image.Width, image.Height);
    }
}
