using SslOrleans.Learning.Data;
using SslOrleans.Learning.Images;

namespace SslOrleans.Client.Tests;

public sealed class DataCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task What_is_generated_can_be_inspected()
    {
        var data = _folder.In("data");

        var made = Assert.Single((await Invocation.Of("data", "generate", data, "--train", "60", "--test", "20", "--seed", "5", "--json")).JsonLines);
        var seen = (await Invocation.Of("data", "inspect", data, "--json")).JsonLines;

        Assert.Equal(["train", "test"], seen.Select(l => l.GetProperty("split").GetString()));
        Assert.Equal([60, 20], seen.Select(l => l.GetProperty("images").GetInt32()));
        Assert.Equal(made.GetProperty("fingerprint").GetString(), seen[0].GetProperty("fingerprint").GetString());
        Assert.All(seen[0].GetProperty("classes").EnumerateArray(), c => Assert.Equal(6, c.GetProperty("images").GetInt32()));
        Assert.Equal("32×32", seen[0].GetProperty("smallest").GetString());
    }

    [Fact]
    public async Task The_same_seed_makes_the_same_images_and_another_seed_others()
    {
        var prints = new List<string>();
        foreach (var (name, seed) in new[] { ("a", "1"), ("b", "1"), ("c", "2") })
        {
            await Invocation.Of("data", "generate", _folder.In(name), "--train", "20", "--test", "0", "--seed", seed);
            using var source = ImageSources.Open(_folder.In(name));
            prints.Add(Convert.ToHexString(source.ReadEncoded(7)));
        }

        Assert.Equal(prints[0], prints[1]);
        Assert.NotEqual(prints[0], prints[2]);
    }

    [Fact]
    public async Task Views_are_drawn_into_a_picture()
    {
        var data = _folder.In("data");
        await Invocation.Of("data", "generate", data, "--train", "20", "--test", "10");

        var call = await Invocation.Of("data", "inspect", data, "--views", "simclr-cifar10", "--out", _folder.In("v.png"), "--images", "3");

        Assert.Equal(0, call.Code);
        var picture = ImageDecoder.Decode(File.ReadAllBytes(_folder.In("v.png")));
        // Three rows; the image and two views in two epochs; tiles of 64 pixels with gaps of 4.
        Assert.Equal((4 + (5 * 68), 4 + (3 * 68)), (picture.Width, picture.Height));
    }

    [Fact]
    public async Task A_folder_of_pictures_is_packed_with_every_split_and_can_be_read_again()
    {
        var data = _folder.In("data");
        for (var i = 0; i < 6; i++)
        {
            Directory.CreateDirectory(_folder.In($"data/train/{i % 2}"));
            Directory.CreateDirectory(_folder.In($"data/val/{i % 2}"));
            File.WriteAllBytes(_folder.In($"data/train/{i % 2}/{i}.png"), ImageEncoder.Png(new RgbImage(400 + i, 300)));
            File.WriteAllBytes(_folder.In($"data/val/{i % 2}/{i}.jpg"), ImageEncoder.Jpeg(new RgbImage(60, 50), 90));
        }

        var call = await Invocation.Of("data", "pack", data, _folder.In("packed"), "--size", "64", "--quality", "80", "--json");

        Assert.Equal(0, call.Code);
        Assert.Equal([("train", 6, 0), ("val", 6, 6)], call.JsonLines.Select(l => (l.GetProperty("split").GetString(), l.GetProperty("images").GetInt32(), l.GetProperty("copiedUnchanged").GetInt32())));
        Assert.Equal(["train-000000.sslpack", "val-000000.sslpack"], Directory.GetFiles(_folder.In("packed")).Select(Path.GetFileName).Order());
        using var train = ImageSources.Open(_folder.In("packed"), "train");
        using var test = ImageSources.Open(_folder.In("packed"), "test");
        Assert.Equal((6, 6, 64), (train.Count, test.Count, train.Read(0).Height));
        Assert.Equal([0, 0, 0, 1, 1, 1], Enumerable.Range(0, 6).Select(i => train.Label(i)!.Value));
        Assert.Contains("already holds", (await Invocation.Of("data", "pack", data, _folder.In("packed"))).ErrorLine);
    }

    [Theory]
    [InlineData("--shard-size is 0", "data", "pack", "nowhere", "out", "--shard-size", "0")]
    [InlineData("does not exist", "data", "pack", "nowhere", "out")]
    [InlineData("does not exist", "data", "inspect", "nowhere")]
    [InlineData("--views needs --out", "data", "inspect", "nowhere", "--views", "simclr-cifar10")]
    [InlineData("--out needs --views", "data", "inspect", "nowhere", "--out", "v.png")]
    [InlineData("cannot be made; give positive counts", "data", "generate", "nowhere", "--train", "0")]
    public async Task Bad_input_is_one_line_and_2(string expected, params string[] args)
    {
        var call = await Invocation.Of(args);

        Assert.Equal(2, call.Code);
        Assert.Contains(expected, call.ErrorLine);
        Assert.False(Directory.Exists("nowhere"));
    }

    [Fact]
    public async Task A_folder_that_holds_shards_is_not_written_over()
    {
        var data = _folder.In("data");
        await Invocation.Of("data", "generate", data, "--train", "20", "--test", "10");

        var again = await Invocation.Of("data", "generate", data, "--train", "20", "--test", "10");

        Assert.Equal(2, again.Code);
        Assert.Contains("already holds", again.ErrorLine);
    }

    public void Dispose() => _folder.Dispose();
}
