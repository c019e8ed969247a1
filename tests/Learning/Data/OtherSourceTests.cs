using System.Buffers.Binary;
using System.IO.Compression;
using SslOrleans.Contracts;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Tests.Data;

public class OtherSourceTests
{
    [Fact]
    public void Class_folders_give_labels_in_alphabetical_order()
    {
        using var folder = new TemporaryFolder();
        folder.Write("train/dog/1.jpg", TarBuilder.Jpeg(1));
        folder.Write("train/cat/2.png", ImageEncoder.Png(GeneratedImages.Draw(9, 0, 2).Image));
        folder.Write("train/cat/deep/3.JPG", TarBuilder.Jpeg(3));
        folder.Write("train/cat/notes.gif", [1, 2, 3]);
        Directory.CreateDirectory(folder.File("train/eel"));
        folder.Write("val/cat/9.jpg", TarBuilder.Jpeg(9));
        using var train = ImageSources.Open(folder.Path);
        using var test = ImageSources.Open(folder.Path, "test");
        Assert.Equal(["cat", "dog", "eel"], train.Classes);
        Assert.Equal(["cat/2.png", "cat/deep/3.JPG", "dog/1.jpg"], Enumerable.Range(0, 3).Select(train.Key));
        Assert.Equal([0, 0, 1], Enumerable.Range(0, 3).Select(train.Label));
        Assert.Equal(1, test.Count);
        Assert.Contains(train.Notes, note => note.Contains("'eel' holds no image", StringComparison.Ordinal));
        Assert.Contains(train.Notes, note => note.Contains(".gif", StringComparison.Ordinal));
        using var two = ImageSources.Open(folder.Path, "train", new SourceOptions { Limit = 2 });
        Assert.Equal([0, 1], Enumerable.Range(0, 2).Select(two.Label));
    }

    [Fact]
    public void Flat_folders_have_no_labels()
    {
        using var folder = new TemporaryFolder();
        folder.Write("b.jpg", TarBuilder.Jpeg(1));
        folder.Write("a.jpg", TarBuilder.Jpeg(2));
        folder.Write("more/c.jpg", TarBuilder.Jpeg(3));
        using var source = ImageSources.Open(folder.Path);
        Assert.Equal(["a.jpg", "b.jpg", "more/c.jpg"], Enumerable.Range(0, 3).Select(source.Key));
        Assert.Empty(source.Classes);
        Assert.Null(source.Label(0));
        File.WriteAllBytes(folder.File("b.jpg"), TarBuilder.Jpeg(4).Concat(new byte[3]).ToArray());
        Assert.Throws<UserErrorException>(() => source.Read(1));
    }

    [Fact]
    public void Cifar_binary_files_are_planar_with_a_label_in_front()
    {
        using var folder = new TemporaryFolder();
        var record = new byte[2 * 3073];
        (record[0], record[3073]) = (3, 9);
        (record[1], record[1 + 1024], record[1 + 2048]) = (10, 20, 30);
        folder.Write("cifar-10-batches-bin/data_batch_1.bin", record);
        folder.Write("cifar-10-batches-bin/data_batch_2.bin", record);
        folder.Write("cifar-10-batches-bin/test_batch.bin", record[..3073]);
        folder.Write("cifar-10-batches-bin/batches.meta.txt", "airplane\ncar\n"u8.ToArray());
        using var train = ImageSources.Open(folder.Path);
        using var test = ImageSources.Open(folder.Path, "test");
        Assert.Equal((4, 1), (train.Count, test.Count));
        Assert.Equal([3, 9, 3, 9], Enumerable.Range(0, 4).Select(train.Label));
        Assert.Equal([10, 20, 30], train.Read(2).Pixels[..3].ToArray());
        Assert.Equal(["airplane", "car"], train.Classes);
        Assert.Equal(train.Read(0).Pixels.ToArray(), ImageDecoder.Decode(train.ReadEncoded(0)).Pixels.ToArray());

        record[0] = 10;
        folder.Write("cifar-10-batches-bin/test_batch.bin", record[..3073]);
        Assert.Contains("label 10", Assert.Throws<UserErrorException>(() => ImageSources.Open(folder.Path, "test")).Message);
        folder.Write("cifar-10-batches-bin/test_batch.bin", record[..3000]);
        Assert.Contains("3073-byte records", Assert.Throws<UserErrorException>(() => ImageSources.Open(folder.Path, "test")).Message);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Idx_files_are_gray(bool gzip)
    {
        using var folder = new TemporaryFolder();
        var images = new byte[16 + (3 * 4 * 5)];
        BinaryPrimitives.WriteInt32BigEndian(images, 0x803);
        BinaryPrimitives.WriteInt32BigEndian(images.AsSpan(4), 3);
        BinaryPrimitives.WriteInt32BigEndian(images.AsSpan(8), 4);
        BinaryPrimitives.WriteInt32BigEndian(images.AsSpan(12), 5);
        images[16 + 20] = 77;
        byte[] labels = [0, 0, 8, 1, 0, 0, 0, 3, 4, 5, 6];
        Write("train-images-idx3-ubyte", images);
        Write("train-labels-idx1-ubyte", labels);
        Write("t10k-images-idx3-ubyte", images);
        using var train = ImageSources.Open(folder.Path);
        using var test = ImageSources.Open(folder.Path, "test");
        Assert.Equal((5, 4), (train.Read(1).Width, train.Read(1).Height));
        Assert.Equal([77, 77, 77, 0], train.Read(1).Pixels[..4].ToArray());
        Assert.Equal([4, 5, 6], Enumerable.Range(0, 3).Select(train.Label));
        Assert.Null(test.Label(0));
        Write("t10k-images-idx3-ubyte", images[..40]);
        Assert.Throws<UserErrorException>(() => ImageSources.Open(folder.Path, "test"));

        void Write(string name, byte[] bytes)
        {
            using var memory = new MemoryStream();
            if (gzip)
            {
                using var packer = new GZipStream(memory, CompressionLevel.Fastest, leaveOpen: true);
                packer.Write(bytes);
            }

            folder.Write(gzip ? name + ".gz" : name, gzip ? memory.ToArray() : bytes);
        }
    }
}
