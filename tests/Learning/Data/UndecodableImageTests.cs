using SslOrleans.Contracts;
using SslOrleans.Learning.Data;

namespace SslOrleans.Learning.Tests.Data;

public class UndecodableImageTests
{
    [Fact]
    public void One_in_a_hundred_is_counted_and_replaced_by_the_next()
    {
        using var folder = new TemporaryFolder();
        folder.Write("x.tar", Shard(200, 13, 14));
        using var source = ImageSources.Open(folder.Path);
        Assert.Equal(source.Read(15).Pixels.ToArray(), source.Read(13).Pixels.ToArray());
        Assert.Equal(15, source.Resolve(14));
        Assert.Equal(12, source.Resolve(12));
        Assert.Equal(source.Label(15), source.Label(13));
        Assert.Equal([13, 14], source.Undecodable.Keys.Order());
        Assert.Contains("neither JPEG nor PNG", source.Undecodable[13]);
    }

    [Fact]
    public void The_last_image_is_replaced_by_the_first()
    {
        using var folder = new TemporaryFolder();
        folder.Write("x.tar", Shard(150, 149));
        using var source = ImageSources.Open(folder.Path);
        Assert.Equal(source.Read(0).Pixels.ToArray(), source.Read(149).Pixels.ToArray());
    }

    [Fact]
    public void More_than_one_percent_stops()
    {
        using var folder = new TemporaryFolder();
        folder.Write("x.tar", Shard(200, 3, 50, 99));
        using var source = ImageSources.Open(folder.Path);
        source.Read(3);
        source.Read(50);
        var error = Assert.Throws<UserErrorException>(() => source.Read(99));
        Assert.Contains("3 of 200", error.Message);
        Assert.Equal(error.Message, Assert.Throws<UserErrorException>(() => source.Read(0)).Message);
        Assert.Contains("x.tar/0099", error.Message);
    }

    [Fact]
    public void A_higher_limit_lets_all_of_them_be_listed()
    {
        using var folder = new TemporaryFolder();
        folder.Write("x.tar", Shard(120, 3, 7, 50));
        using var source = ImageSources.Open(folder.Path, "train", new SourceOptions { UndecodableLimit = 1 });
        for (var i = 0; i < 120; i++)
            source.Read(i);
        Assert.Equal([3, 7, 50], source.Undecodable.Keys.Order());
    }

    [Fact]
    public void A_long_row_of_them_ends_whatever_the_limit()
    {
        using var folder = new TemporaryFolder();
        folder.Write("x.tar", Shard(200, 20, 21, 40, 41, 42));
        using var source = ImageSources.Open(folder.Path, "train", new SourceOptions { UndecodableLimit = 1 });
        Assert.Equal(22, source.Resolve(20));
        Assert.Contains("3 images in a row do not decode, beginning with x.tar/0040", Assert.Throws<UserErrorException>(() => source.Read(40)).Message);
    }

    [Fact]
    public void All_of_them_ends_too()
    {
        using var folder = new TemporaryFolder();
        folder.Write("x.tar", Shard(3, 0, 1, 2));
        using var source = ImageSources.Open(folder.Path, "train", new SourceOptions { UndecodableLimit = 1 });
        Assert.Throws<UserErrorException>(() => source.Read(0));
    }

    private static byte[] Shard(int count, params int[] broken)
    {
        var tar = new TarBuilder();
        for (var i = 0; i < count; i++)
            tar.Add($"{i:D4}.jpg", broken.Contains(i) ? "broken"u8.ToArray() : TarBuilder.Jpeg(i)).Add($"{i:D4}.cls", $"{i % 7}");
        return tar.Build();
    }
}
