using Azure.Storage.Blobs;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Data;
using SslOrleans.Grains.Storage;
using SslOrleans.Grains.Tests.Storage;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Training;
using SslOrleans.Tests.Grains.Support;

namespace SslOrleans.Tests.Grains.Data;

/// <summary>Shards in a container, read directly and through the grains; sets the process's environment.</summary>
[Trait("Category", "Azurite")]
[Collection("environment")]
public sealed class DataShardTests : IClassFixture<Azurite>, IAsyncLifetime
{
    private readonly Azurite _azurite;
    private readonly BlobContainerClient _container;
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, string?> _before = [];
    private readonly List<string> _told = [];

    public DataShardTests(Azurite azurite)
    {
        _azurite = azurite;
        _container = azurite.NewContainer();
        Set(RunStorage.ConnectionStringVariable, azurite.ConnectionString);
        Set("SSLO_DATA_CACHE", Path.Combine(_folder.Root, "cache"));
    }

    private string Location => $"azure:{_container.Name}/sets/small";

    public async ValueTask InitializeAsync()
    {
        await _container.CreateAsync();
        foreach (var file in Directory.GetFiles(SmallRuns.Images))
            await _container.GetBlobClient($"sets/small/{Path.GetFileName(file)}").UploadAsync(file);
    }

    [Fact]
    public async Task AContainerTrainsLikeTheFolderForAnyNumberOfWorkers()
    {
        var recipe = SmallRuns.Recipe("simclr", "steps=6");
        using var local = new LocalTrainer(recipe, new ImageTrainingData(recipe, SmallRuns.Images));
        while (local.Step < 6)
            local.RunStep();
        await using var cluster = await Cluster.Start(workers: 2);
        var (status, events) = await cluster.Train("run", recipe, Location);
        Assert.True(status.Phase == RunPhase.Completed, string.Join('\n', events.Select(e => e.Text)));
        Assert.Equal(local.WeightsHash, status.WeightsHash);
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(_folder.Root, "cache"), "*.block"));
        var index = Assert.Single(Directory.GetFiles(Path.Combine(cluster.Folder, "data-index")));
        Assert.NotNull(ShardIndex.TryParse(File.ReadAllBytes(index)));
    }

    [Fact]
    public async Task AWorkerThatCannotReachTheContainerReadsThroughTheGrains()
    {
        await using var cluster = await Cluster.Start(workers: 0);
        using var expected = ImageSources.Open(SmallRuns.Images, "test");
        var cut = new DataSources(cluster.Grains, _told.Add, _ => throw new UserErrorException("no way from here"));
        var straight = new DataSources(cluster.Grains, _told.Add);
        using var through = await Task.Run(() => cut.Open(Location, "test", new SourceOptions()));
        Assert.Contains("is read through the cluster: no way from here", Assert.Single(_told));
        using var direct = await Task.Run(() => straight.Open(Location, "test", new SourceOptions()));
        Assert.Single(_told);
        foreach (var source in new[] { through, direct })
        {
            Assert.Equal((expected.Fingerprint, expected.Count), (source.Fingerprint, source.Count));
            Assert.Equal(expected.Classes, source.Classes);
            for (var i = 0; i < expected.Count; i++)
            {
                Assert.Equal(expected.ReadEncoded(i), source.ReadEncoded(i));
                Assert.Equal(expected.Label(i), source.Label(i));
            }
        }
    }

    [Fact]
    public async Task AFolderOfTheClusterServesAWorkerThatDoesNotHaveIt()
    {
        await using var cluster = await Cluster.Start(workers: 0);
        var cut = new DataSources(cluster.Grains, _told.Add, path => throw new UserErrorException($"'{path}' does not exist"));
        using var expected = ImageSources.Open(SmallRuns.Images);
        using var source = await Task.Run(() => ImageSources.Open(new GrainDataFiles(cluster.Grains, SmallRuns.Images), "train", null, f => GrainDataFiles.Index(cluster.Grains, SmallRuns.Images, f)));
        Assert.Equal(expected.Fingerprint, source.Fingerprint);
        Assert.Equal(expected.ReadEncoded(95), source.ReadEncoded(95));
        var error = await Assert.ThrowsAsync<UserErrorException>(() => Task.Run(() => cut.Open("/no/such/folder", "train", new SourceOptions())));
        Assert.Contains("/no/such/folder", error.Message);
        Assert.Contains("does not exist", error.Message);
    }

    [Fact]
    public async Task AShardThatIsReplacedUnderARunIsNoticed()
    {
        await using var cluster = await Cluster.Start(workers: 0);
        Set("SSLO_DATA_CACHE", "off");
        using var direct = await Task.Run(() => new DataSources(cluster.Grains, _told.Add).Open(Location, "train", new SourceOptions()));
        using var through = await Task.Run(() => new DataSources(cluster.Grains, _told.Add, _ => throw new UserErrorException("no")).Open(Location, "train", new SourceOptions()));
        var shard = Directory.GetFiles(SmallRuns.Images, "*train*").Single();
        await _container.GetBlobClient($"sets/small/{Path.GetFileName(shard)}").UploadAsync(shard, overwrite: true);
        foreach (var source in new[] { direct, through })
        {
            var error = await Assert.ThrowsAnyAsync<Exception>(() => Task.Run(() =>
            {
                // What was read ahead lies in memory; so few bytes do that a fresh reader is asked.
                for (var i = 0; i < source.Count; i++)
                    source.ReadEncoded(i);
                var files = DataLocations.Open(Location);
                files.Read(files.List().First(f => f.Name.EndsWith(".tar", StringComparison.Ordinal)) with { Version = "\"0x0\"" }, 0, new byte[10]);
            }));
            Assert.IsType<UserErrorException>(error);
            Assert.Contains("changed while the run", error.Message);
        }

        var entry = new DataFileEntry(Path.GetFileName(shard), new FileInfo(shard).Length, "\"0x0\"");
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => cluster.Grains.GetGrain<IDataShardGrain>(IDataShardGrain.KeyOf(Location, entry.Name)).Read(entry, 0, 10));
        Assert.Contains("changed while the run", refused.Message);
    }

    [Fact]
    public async Task AContainerWithoutPermissionIsOneClearLine()
    {
        Set(RunStorage.ConnectionStringVariable, _azurite.ConnectionStringWith(Convert.ToBase64String(new byte[64])));
        var error = Assert.Throws<UserErrorException>(() => DataLocations.OpenSource(Location, "train"));
        Assert.Contains("access is refused (403", error.Message);
        Assert.Contains(RunStorage.ConnectionStringVariable, error.Message);
        Assert.DoesNotContain('\n', error.Message);
        await using var cluster = await Cluster.Start(workers: 1);

        // A worker that may read it can still come, so the run waits and says why it does.
        var reasons = new List<string>();
        var (status, _) = await cluster.Train("run", SmallRuns.Recipe("simclr"), Location, onEvent: e =>
        {
            if (e.Kind != RunEventKind.Refused)
                return Task.CompletedTask;
            reasons.Add(e.Text);
            return cluster.Grains.GetGrain<ITrainingRunGrain>("run").Stop();
        });
        Assert.Equal(0, status.Step);
        Assert.Contains("access is refused (403", Assert.Single(reasons));
    }

    [Theory]
    [InlineData("azure:nothing-here-1", "404")]
    [InlineData("azure:Bad_Name", "no name of a container")]
    [InlineData("ftp://x/y", "no https address")]
    [InlineData("https://account.blob.core.windows.net/c?sv=1&sig=c2VjcmV0", "has a signature")]
    [InlineData("DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c2VjcmV0", "is a connection string")]
    public void WhatCannotBeReadIsExplainedWithoutItsSecrets(string location, string expected)
    {
        var error = Assert.Throws<UserErrorException>(() => DataLocations.OpenSource(location, "train"));
        Assert.Contains(expected, error.Message);
        Assert.DoesNotContain("c2VjcmV0", error.ToString());
    }

    [Fact]
    public async Task APublicContainerIsReadByItsAddressWithoutCredentials()
    {
        await _container.SetAccessPolicyAsync(Azure.Storage.Blobs.Models.PublicAccessType.BlobContainer);
        Set(RunStorage.ConnectionStringVariable, null);
        using var source = DataLocations.OpenSource($"{_azurite.Address}/{_container.Name}/sets/small", "train");
        Assert.Equal(96, source.Count);
    }

    public async ValueTask DisposeAsync()
    {
        await _container.DeleteIfExistsAsync();
        foreach (var (name, value) in _before)
            Environment.SetEnvironmentVariable(name, value);
        _folder.Dispose();
    }

    private void Set(string name, string? value)
    {
        _before.TryAdd(name, Environment.GetEnvironmentVariable(name));
        Environment.SetEnvironmentVariable(name, value);
    }
}
