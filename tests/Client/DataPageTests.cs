using SslOrleans.Client.CommandLine;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Images;

namespace SslOrleans.Client.Tests;

/// <summary>The commands that docs/data.md prints for one's own pictures, run as they are printed.</summary>
public sealed class DataPageTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task A_folder_of_pictures_takes_the_two_commands_of_the_page()
    {
        var lines = File.ReadAllLines(Path.Combine(ProjectFiles.Root, "docs", "data.md"));
        var commands = lines.SkipWhile(l => l != "```sh").Skip(1).TakeWhile(l => l != "```").Select(l => l.Split('#')[0].Trim()).ToList();
        Assert.Equal(2, commands.Count);
        Directory.CreateDirectory(_folder.In("pictures/more"));
        for (var i = 0; i < 40; i++)
            File.WriteAllBytes(_folder.In($"pictures/{(i % 2 == 0 ? "more/" : "")}{i}.jpg"), ImageEncoder.Jpeg(GeneratedImages.Draw(1, 0, i).Image, 90));

        foreach (var command in commands)
        {
            // The page trains for 20 epochs of batches of 256; one small one shows that the command works.
            var words = command.Replace("~/pictures", _folder.In("pictures"), StringComparison.Ordinal).Replace("--epochs 20", "--epochs 1", StringComparison.Ordinal).Split(' ');
            Assert.Equal("./sslo", words[0]);
            var call = await Invocation.Of([.. words[1..], .. words[1] == "train" ? new[] { "--set", "batch.effective=32", "--set", "batch.micro=16", "--runs", _folder.In("runs"), "--dashboard", "off" } : []]);
            Assert.True(call.Code == 0, call.Error + call.Output);
        }

        Assert.True(File.Exists(_folder.In("runs/simclr-cifar10/ledger.jsonl")));
    }

    [Theory]
    [InlineData("nowhere", "Data folder 'nowhere' does not exist")]
    [InlineData("ftp://somewhere/images", "no https address")]
    [InlineData("https://account.blob.core.windows.net/c?sv=1&sig=c2VjcmV0", "has a signature")]
    public async Task A_run_whose_images_are_not_there_does_not_begin(string data, string expected)
    {
        var call = await Invocation.Of("train", "simclr-cifar10-quick", "--data", data, "--runs", _folder.In("runs"), "--dashboard", "off");
        Assert.Equal(2, call.Code);
        Assert.Contains(expected, call.ErrorLine);
        Assert.DoesNotContain("c2VjcmV0", call.Error);
        Assert.False(Directory.Exists(_folder.In("runs/simclr-cifar10-quick")));
    }

    public void Dispose() => _folder.Dispose();
}
