using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Tests.Storage;
using SslOrleans.Learning.Images;
using SslOrleans.Tests.Grains.Support;

namespace SslOrleans.Tests.Grains.Data;

/// <summary>Images from which nothing can be learnt are told when the run begins and, by what the loss sees, at the third step.</summary>
public sealed class EqualImagesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("simclr")]
    [InlineData("vicreg")]
    [InlineData("barlowtwins")]
    public async Task Black_images_are_told_in_the_first_steps(string method)
    {
        for (var i = 0; i < 48; i++)
            File.WriteAllBytes(Path.Combine(_folder.Root, $"{i:D2}.png"), ImageEncoder.Png(new RgbImage(16, 16)));
        await using var cluster = await Cluster.Start(workers: 1);
        var (status, events) = await cluster.Train("run", SmallRuns.Recipe(method, "steps=5"), _folder.Root);

        Assert.Equal(RunPhase.Completed, status.Phase);
        Assert.Contains("are all the same picture", Assert.Single(events, e => e is { Kind: RunEventKind.Warning, Step: 0 }).Text, StringComparison.Ordinal);
        Assert.Contains("same embedding for 3 steps", Assert.Single(events, e => e is { Kind: RunEventKind.Warning, Step: > 0 and <= 3 }).Text, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
