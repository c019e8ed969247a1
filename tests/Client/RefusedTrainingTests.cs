using SslOrleans.Learning.Data;

namespace SslOrleans.Client.Tests;

/// <summary>What no worker can do is one line and 2, before a worker is started and a run begun.</summary>
public sealed class RefusedTrainingTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Theory]
    [InlineData("simclr-cifar10-quick", "views.0.count=1", "simclr needs 2; raise views.0.count")]
    [InlineData("mae-cifar10-quick", "views.0.mask.ratio=0.001", "views.0.mask.ratio is 0.001")]
    [InlineData("mae-cifar10-quick", "views.0.mask.ratio=0.999", "views.0.mask.ratio is 0.999")]
    [InlineData("mae-cifar10-quick", "views.0.crop.size=8", "does not take views of 8×8 pixels")]
    public async Task A_recipe_that_no_worker_can_run(string recipe, string change, string expected)
    {
        GeneratedImages.Write(_folder.In("images"), 200, 20, 1);
        foreach (var call in new[]
        {
            await Invocation.Of("recipe", "check", recipe, "--set", change),
            await Invocation.Of("train", recipe, "--set", change, "--data", _folder.In("images"), "--runs", _folder.In("runs"), "--dashboard", "off"),
        })
        {
            Assert.Equal(2, call.Code);
            Assert.Contains(expected, call.ErrorLine);
        }

        Assert.False(Directory.Exists(_folder.In("runs")));
    }

    [Theory]
    [InlineData("", "holds no image and no shard")]
    [InlineData("train-000000.sslpack.part", "1 *.part of a packing or download that did not come to its end")]
    [InlineData("notes.txt", "holds no image and no shard")]
    public async Task A_folder_without_images(string file, string expected)
    {
        Directory.CreateDirectory(_folder.In("images"));
        if (file.Length > 0)
            _folder.Write($"images/{file}", "");

        var call = await Invocation.Of("train", "simclr-cifar10-quick", "--data", _folder.In("images"), "--runs", _folder.In("runs"), "--dashboard", "off");

        Assert.Equal(2, call.Code);
        Assert.Contains(expected, call.ErrorLine);
        Assert.False(Directory.Exists(_folder.In("runs")));
    }

    public void Dispose() => _folder.Dispose();
}
