using SslOrleans.Learning.Data;
using SslOrleans.Learning.Images;
using SslOrleans.Learning.Training;

namespace SslOrleans.Learning.Tests.Data;

/// <summary>What is odd about images is said when a training begins, and nothing is said of ordinary ones.</summary>
public sealed class DataNotesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Nothing_is_said_of_ordinary_images()
    {
        for (var i = 0; i < 40; i++)
            _folder.Write($"{i % 2}/{i:D3}.png", ImageEncoder.Png(Picture((x, y, c) => (byte)((40 * c) + ((x * 7 * (i + 1)) ^ (y * 13)) % 190))));
        Assert.Empty(Notes());
    }

    [Fact]
    public void One_picture() => Says(i => Picture((x, y, c) => (byte)(x + y)), "16 images that were looked at are all the same picture");

    [Fact]
    public void One_colour_each() => Says(i => Picture((x, y, c) => (byte)(6 * i)), "is of one colour");

    [Fact]
    public void A_dead_channel() => Says(i => Picture((x, y, c) => c == 1 ? (byte)51 : (byte)((x * 8) ^ (y * (i + 3)))), "the green channel of the 16 images that were looked at is 0.200 everywhere");

    [Fact]
    public void Statistics_far_from_the_recipes()
        => Says(i => Picture((x, y, c) => (byte)(220 + ((x ^ (y * i)) & 31))), "far from normalize.mean [0.491, 0.482, 0.447]");

    [Fact]
    public void One_class_and_files_that_are_no_images()
    {
        for (var i = 0; i < 20; i++)
            _folder.Write($"cats/{i:D3}.png", ImageEncoder.Png(Picture((x, y, c) => (byte)((x * 7 * (i + 1)) ^ (y * 13)))));
        _folder.Write("cats/notes.txt", [1]);
        var notes = Notes();
        Assert.Contains("all 20 images are of class cats; probes that compare classes say nothing about them", notes);
        Assert.Contains("data: 1 files '.txt' ignored", notes);
    }

    public void Dispose() => _folder.Dispose();

    private static RgbImage Picture(Func<int, int, int, byte> value)
        => new(32, 32, Enumerable.Range(0, 32 * 32 * 3).Select(i => value(i / 3 % 32, i / 3 / 32, i % 3)).ToArray());

    private void Says(Func<int, RgbImage> picture, string expected)
    {
        for (var i = 0; i < 40; i++)
            _folder.Write($"{i:D3}.png", ImageEncoder.Png(picture(i)));
        Assert.Contains(Notes(), n => n.Contains(expected, StringComparison.Ordinal));
    }

    private IReadOnlyList<string> Notes()
    {
        using var source = ImageSources.Open(_folder.Path);
        return DataNotes.Of(source, SmallRun.Recipe("simclr"));
    }
}
