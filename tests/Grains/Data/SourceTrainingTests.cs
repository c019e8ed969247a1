using System.Buffers.Binary;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Tests.Storage;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Training;
using SslOrleans.Tests.Grains.Support;

namespace SslOrleans.Tests.Grains.Data;

/// <summary>Each kind of source trains, and gives one and three workers, and a resumed run, the same bits.</summary>
public sealed class SourceTrainingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task TheFourSourcesTrainAndGiveTheSameBitsToOneAndThreeWorkersAndAfterAResume()
    {
        await using var one = await Cluster.Start(workers: 1);
        await using var three = await Cluster.Start(workers: 3);
        var recipe = SmallRuns.Recipe("simclr", "steps=5", "batch.effective=12", "views.0.crop.size=16", "views.0.rotation={\"probability\":0.5,\"degrees\":10}", "views.0.blur.probability=0.5", "views.0.crop.ramp={\"from\":8,\"multiple\":4}");
        foreach (var (kind, path) in Sources())
        {
            using var data = new ImageTrainingData(recipe, path);
            using var local = new LocalTrainer(recipe, data);
            while (local.Step < 5)
                local.RunStep();
            var (alone, events) = await one.Train(kind, recipe, path);
            Assert.True(alone.Phase == RunPhase.Completed, kind + string.Join('\n', events.Select(e => e.Text)));
            var (stopped, _) = await three.Train(kind, recipe, path, onEvent: e => e is { Kind: RunEventKind.Step, Step: 2 } ? three.Grains.GetGrain<ITrainingRunGrain>(kind).Stop() : Task.CompletedTask);
            Assert.InRange(stopped.Step, 3, 5);
            var (resumed, _) = await three.Train(kind, recipe, path, resume: true);
            Assert.Equal((kind, RunPhase.Completed), (kind, resumed.Phase));
            Assert.Equal([local.WeightsHash, local.WeightsHash], [alone.WeightsHash, resumed.WeightsHash]);
        }
    }

    public void Dispose() => _folder.Dispose();

    private IEnumerable<(string Kind, string Path)> Sources()
    {
        yield return ("tar", SmallRuns.Images);
        using var source = ImageSources.Open(SmallRuns.Images);
        var (pictures, cifar, idx) = (In("folder"), In("cifar"), In("idx"));
        using var records = new MemoryStream();
        using var images = new MemoryStream();
        var header = new byte[16];
        (header[2], header[3]) = (8, 3);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), source.Count);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(8), 32);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(12), 32);
        images.Write(header);
        for (var i = 0; i < source.Count; i++)
        {
            var label = source.Label(i)!.Value;
            Directory.CreateDirectory(Path.Combine(pictures, $"{label}"));
            File.WriteAllBytes(Path.Combine(pictures, $"{label}", $"{i:D3}.jpg"), source.ReadEncoded(i));
            var pixels = source.Read(i).Pixels.ToArray();
            records.WriteByte((byte)label);
            for (var c = 0; c < 3; c++)
                records.Write([.. Enumerable.Range(0, 1024).Select(p => pixels[(p * 3) + c])]);
            images.Write([.. Enumerable.Range(0, 1024).Select(p => pixels[p * 3])]);
        }

        File.WriteAllBytes(Path.Combine(cifar, "data_batch_1.bin"), records.ToArray());
        File.WriteAllBytes(Path.Combine(idx, "train-images-idx3-ubyte"), images.ToArray());
        yield return ("folder", pictures);
        yield return ("cifar", cifar);
        yield return ("idx", idx);
    }

    private string In(string name) => Directory.CreateDirectory(Path.Combine(_folder.Root, name)).FullName;
}
