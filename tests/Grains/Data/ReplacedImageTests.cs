using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Grains.Tests.Storage;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Training;
using SslOrleans.Tests.Grains.Support;

namespace SslOrleans.Tests.Grains.Data;

/// <summary>An image that does not decode is replaced, told once, and every position that it stood at is in the ledger.</summary>
public sealed class ReplacedImageTests : IDisposable
{
    private const int Images = 104;
    private const int Bad = 57;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task The_ledger_and_the_audit_name_every_position_of_an_image_that_does_not_decode()
    {
        var path = WithOneBadImage();
        var recipe = SmallRuns.Recipe("simclr", "steps=10", "batch.effective=24");
        using var data = new ImageTrainingData(recipe, path);
        var expected = data.SampleIds(0, 240).Select((sample, position) => (sample, position)).Where(p => p.sample == Bad)
            .Select(p => new ReplacedSample(p.position, Bad, Bad + 1)).ToList();
        Assert.InRange(expected.Count, 2, 3);

        await using var cluster = await Cluster.Start(workers: 2);
        var (status, events) = await cluster.Train("run", recipe, path);

        Assert.Equal(RunPhase.Completed, status.Phase);
        var told = Assert.Single(events, e => e.Kind == RunEventKind.Warning && e.Text.Contains("does not decode", StringComparison.Ordinal));
        Assert.Contains($"image {Bad} does not decode; image {Bad + 1} was used in its place", told.Text, StringComparison.Ordinal);
        var entries = (await Ledger.Open(RunStorage.Open(cluster.Folder), "run")).Entries;
        Assert.Equal(expected, entries.SelectMany(e => e.Replaced ?? []));
        var audit = Ledger.Audit(entries, Images, 24, 6);
        Assert.True(audit.IsExact);
        Assert.Equal(expected, audit.Replaced);
        Assert.Contains($"at {expected.Count} of them another image stood in", audit.Verdict, StringComparison.Ordinal);
    }

    /// <summary>Whichever process met which of them, and whether a probe met them first.</summary>
    [Theory]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(2, true)]
    public async Task More_than_one_in_a_hundred_stops_the_run_at_the_same_step(int workers, bool probe)
    {
        var path = WithBadImages(10, 40, 70, 90);
        var recipe = SmallRuns.Recipe("simclr", "steps=10", "batch.effective=24", $"evaluation.knn={(probe ? "true" : "false")}", "evaluation.everyEpochs=0.2");
        using var data = new ImageTrainingData(recipe, path);
        var second = data.SampleIds(0, 104).Index().Where(s => s.Item is 10 or 40 or 70 or 90).ElementAt(1).Index;

        await using var cluster = await Cluster.Start(workers);
        var (status, _) = await cluster.Train("run", recipe, path);

        Assert.Equal(RunPhase.Failed, status.Phase);
        Assert.Equal(second / 24, status.Step);
        Assert.Contains("of 104 images do not decode, more than 1", status.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private string WithOneBadImage() => WithBadImages(Bad);

    private string WithBadImages(params int[] bad)
    {
        var shards = Path.Combine(_folder.Root, "shards");
        GeneratedImages.Write(shards, Images, 32, 3);
        using var source = ImageSources.Open(shards);
        var pictures = Path.Combine(_folder.Root, "pictures");
        Directory.CreateDirectory(Path.Combine(pictures, "one"));
        for (var i = 0; i < Images; i++)
        {
            var jpeg = source.ReadEncoded(i);
            File.WriteAllBytes(Path.Combine(pictures, "one", $"{i:D3}.jpg"), bad.Contains(i) ? jpeg[..(jpeg.Length / 3)] : jpeg);
        }

        return pictures;
    }
}
