using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Client.Downloads;

/// <summary>A public data set as its authors give it: one archive.</summary>
/// <param name="Name">As on the command line.</param>
/// <param name="Address">Official address.</param>
/// <param name="Length">Bytes; 0 when the authors do not say.</param>
/// <param name="Md5">Checksum that the authors, or everybody, name.</param>
/// <param name="Description">One line.</param>
public sealed record DatasetArchive(string Name, Uri Address, long Length, string Md5, string Description)
{
    public static IReadOnlyList<DatasetArchive> All { get; } =
    [
        new("cifar10", new("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"), 170_052_171, "c32a1d4ab5d03f1284b67883e8d87530", "60,000 images of 32×32 in 10 classes, 170 MB"),
        new("cifar100", new("https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"), 168_513_733, "03b5dce01913d631647c71ecec9e9cb8", "60,000 images of 32×32 in 100 classes, 169 MB"),
        new("stl10", new("http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"), 0, "91f7769df0f17e558f3565bffb0c7dfb", "13,000 labelled and 100,000 unlabelled images of 96×96, 2.6 GB"),
        new("imagenette", new("https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-320.tgz"), 0, "3df6f0d01a2c9592104656642f5e78a3", "13,394 photographs of 10 ImageNet classes, shorter side 320 pixels, 340 MB"),
    ];

    /// <exception cref="UserErrorException">There is none of that name.</exception>
    public static DatasetArchive Find(string name)
        => All.FirstOrDefault(a => a.Name == name)
            ?? throw new UserErrorException($"{name} cannot be downloaded;{RecipeKeys.Hint(name, All.Select(a => a.Name))} use one of {string.Join(", ", All.Select(a => a.Name))}.");
}
