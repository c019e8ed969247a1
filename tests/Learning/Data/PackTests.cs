using SslOrleans.Contracts;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Tests.Data;

public class PackTests
{
    [Fact]
    public void Small_jpegs_are_copied_and_everything_is_read_back()
    {
        using var folder = new TemporaryFolder();
        GeneratedImages.Write(folder.File("in"), 300, 20, 1);
        using var source = ImageSources.Open(folder.File("in"));
        var packed = Packer.Pack(source, folder.File("out"), "train", new PackOptions { ShardBytes = 100_000 });
        Assert.Equal((300, 300), (packed.Images, packed.CopiedUnchanged));
        Assert.True(packed.Shards > 1);
        Assert.Empty(Directory.GetFiles(folder.File("out"), "*.part"));
        using var back = ImageSources.Open(folder.File("out"));
        Assert.Equal(source.Classes, back.Classes);
        for (var i = 0; i < 300; i++)
        {
            Assert.Equal(source.Label(i), back.Label(i));
            Assert.Equal(source.ReadEncoded(i), back.ReadEncoded(i));
        }

        Assert.Throws<UserErrorException>(() => Packer.Pack(source, folder.File("out")));
    }

    [Theory]
    [InlineData("train-000000.sslpack")]
    [InlineData("train-000001.sslpack")]
    public void Killed_between_two_renames_it_is_not_taken_for_whole(string notYet)
    {
        using var folder = new TemporaryFolder();
        GeneratedImages.Write(folder.File("in"), 300, 20, 1);
        using var source = ImageSources.Open(folder.File("in"));
        Packer.Pack(source, folder.File("out"), "train", new PackOptions { ShardBytes = 100_000 });
        Packer.Pack(source, folder.File("out"), "test", new PackOptions { ShardBytes = 100_000 });
        File.Move(folder.File($"out/{notYet}"), folder.File($"out/{notYet}.part"));

        Assert.Contains($"1 shard was begun and not finished ({notYet}.part)", Assert.Throws<UserErrorException>(() => ImageSources.Open(folder.File("out"))).Message);
        Assert.Throws<UserErrorException>(() => ImageSources.Check(folder.File("out"), "train"));
        using (var files = new FolderFiles(folder.File("out")))
            Assert.Throws<UserErrorException>(() => ImageSources.Check(files, "train"));
        using (var test = ImageSources.Open(folder.File("out"), "test"))
            Assert.Equal(300, test.Count);
    }

    [Fact]
    public void Parts_of_a_killed_packing_are_replaced_by_the_next()
    {
        using var folder = new TemporaryFolder();
        GeneratedImages.Write(folder.File("in"), 30, 0, 1);
        folder.Write("out/train-000007.sslpack.part", [1, 2, 3]);
        folder.Write("in/generated-train-000009.tar.part", [1, 2, 3]);
        Assert.Contains("not finished", Assert.Throws<UserErrorException>(() => ImageSources.Open(folder.File("in"))).Message);
        File.Delete(folder.File("in/generated-train-000009.tar.part"));
        using var source = ImageSources.Open(folder.File("in"));
        Packer.Pack(source, folder.File("out"));
        using var back = ImageSources.Open(folder.File("out"));
        Assert.Equal(30, back.Count);
    }

    [Fact]
    public void Large_images_are_shrunk()
    {
        using var folder = new TemporaryFolder();
        folder.Write("in/a.png", ImageEncoder.Png(new RgbImage(500, 375)));
        using var source = ImageSources.Open(folder.File("in"));
        Packer.Pack(source, folder.File("out"), "train", new PackOptions { Size = 64 });
        using var back = ImageSources.Open(folder.File("out"));
        Assert.Equal((85, 64), (back.Read(0).Width, back.Read(0).Height));
    }

    [Fact]
    public void Damage_is_noticed_by_the_hash()
    {
        using var folder = new TemporaryFolder();
        GeneratedImages.Write(folder.File("in"), 30, 0, 1);
        using (var source = ImageSources.Open(folder.File("in")))
            Packer.Pack(source, folder.File("out"));
        var path = Directory.GetFiles(folder.File("out")).Single();
        var bytes = File.ReadAllBytes(path);
        bytes[400] ^= 1;
        File.WriteAllBytes(path, bytes);
        using (var damaged = ImageSources.Open(folder.File("out")))
            Assert.Contains("hash", Assert.Throws<UserErrorException>(() => damaged.Read(0)).Message);
        File.WriteAllBytes(path, bytes[..(bytes.Length / 2)]);
        Assert.Contains("cut short", Assert.Throws<UserErrorException>(() => ImageSources.Open(folder.File("out"))).Message);
    }
}
