using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Azure.Storage.Blobs;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Grains.Tests.Records;

namespace SslOrleans.Grains.Tests.Storage;

[Trait("Category", "Azurite")]
[Collection("environment")]
public sealed class AzureRunStorageTests(Azurite azurite) : StorageContract, IClassFixture<Azurite>
{
    private static readonly AzureStorageOptions s_impatient = new()
    {
        Retries = 1,
        FirstDelay = TimeSpan.FromMilliseconds(10),
        TryTimeout = TimeSpan.FromSeconds(5),
        Rest = TimeSpan.FromSeconds(1),
    };

    private readonly BlobContainerClient _container = azurite.NewContainer();
    private AzureRunStorage? _storage;

    protected override IRunStorage Storage => _storage ??= new AzureRunStorage(_container);

    [Fact]
    public async Task ALongRunGoesOverSeveralBlobsAndIsOneContent()
    {
        var few = new AzureStorageOptions { RecordsPerBlob = 5 };
        var storage = new AzureRunStorage(_container, options: few);
        var (length, expected) = (0L, "");
        for (var i = 0; i < 23; i++)
        {
            // A new process now and then.
            if (i % 7 == 6)
                storage = new AzureRunStorage(_container, options: few);
            length = await storage.Append("run/ledger.jsonl", Bytes($"record {i}\n"), length);
            expected += $"record {i}\n";
            Assert.Equal(length, await storage.Append("run/ledger.jsonl", Bytes($"record {i}\n"), length - $"record {i}\n".Length));
        }

        Assert.Equal(Bytes(expected), await storage.Read("run/ledger.jsonl"));
        Assert.Equal(["run/ledger.jsonl"], await storage.List("run/"));
        Assert.Equal(5, (await Names()).Length);
        await storage.Truncate("run/ledger.jsonl", 20);
        Assert.Equal(Bytes(expected[..20]), await storage.Read("run/ledger.jsonl"));
        Assert.Single(await Names());
        await storage.Delete("run/");
        Assert.Empty(await Names());
    }

    [Fact]
    public async Task AReplacementThatWasInterruptedIsFinishedByTheNextAppend()
    {
        await Storage.Append("run/log", Bytes("first\nsec"), 0);
        await _container.GetBlobClient("run/log.replacement").UploadAsync(BinaryData.FromString("first\n"));
        await _container.GetBlobClient("run/log").DeleteAsync();
        var later = new AzureRunStorage(_container);
        Assert.Equal(Bytes("first\n"), await later.Read("run/log"));
        Assert.Equal(["run/log"], await later.List(""));
        Assert.Equal(13, await later.Append("run/log", Bytes("second\n"), 6));
        Assert.Equal(Bytes("first\nsecond\n"), await later.Read("run/log"));
        Assert.Equal(["run/log"], await Names());
    }

    [Fact]
    public async Task ALedgerThatAnotherProgramCopiedHereGrowsOn()
    {
        await Storage.Write("run/log", Bytes("first\n"));
        Assert.Equal(13, await Storage.Append("run/log", Bytes("second\n"), 6));
        Assert.Equal(Bytes("first\nsecond\n"), await Storage.Read("run/log"));
    }

    [Fact]
    public async Task WhatIsWrittenWholeReplacesWhatHasGrown()
    {
        var storage = new AzureRunStorage(_container, options: new AzureStorageOptions { RecordsPerBlob = 2 });
        for (var i = 0; i < 5; i++)
            await storage.Append("run/log", Bytes($"{i}\n"), 2 * i);
        await storage.Write("run/log", Bytes("whole\n"));
        Assert.Equal(Bytes("whole\n"), await storage.Read("run/log"));
        Assert.Equal(7, await storage.Append("run/log", Bytes("x"), 6));
        Assert.Equal(Bytes("whole\nx"), await storage.Read("run/log"));
        Assert.Equal(["run/log"], await Names());
    }

    [Fact]
    public async Task FoldersOfAContainerAreApart()
    {
        var a = new AzureRunStorage(_container, "team/a");
        var b = new AzureRunStorage(_container, "team/b");
        await a.Write("run/x", Bytes("a"));
        await b.Append("run/x", Bytes("b"), 0);
        Assert.Equal(Bytes("a"), await a.Read("run/x"));
        Assert.Equal(["run/x"], await b.List(""));
        Assert.Equal(["team/a/run/x", "team/b/run/x"], await Storage.List("team/"));
    }

    [Fact]
    public async Task TheLedgerGoesOnWhenTheContainerIsBack()
    {
        var storage = new AzureRunStorage(_container, options: s_impatient);
        var ledger = await Ledger.Open(storage, "run");
        await ledger.Append(LedgerTests.Entry(0));
        azurite.Stop();
        var e = await Assert.ThrowsAsync<StorageUnavailableException>(() => ledger.Append(LedgerTests.Entry(1)));
        Assert.True(e.IsTransient);
        Assert.Contains("ConnectionRefused", e.Message, StringComparison.Ordinal);
        Assert.Single(ledger.Entries);
        azurite.Start();
        for (var tries = 0; ; tries++)
        {
            try
            {
                await ledger.Append(LedgerTests.Entry(1));
                break;
            }
            catch (StorageUnavailableException) when (tries < 50)
            {
                await Task.Delay(100);
            }
        }

        Assert.Equal(2, (await Ledger.Open(storage, "run")).Entries.Count);
    }

    [Fact]
    public async Task AWrongKeyIsToldWithoutTheKeyAndWaitingDoesNotHelp()
    {
        var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64));
        var storage = new AzureRunStorage(azurite.NewContainer(key), options: s_impatient);
        var e = await Assert.ThrowsAsync<StorageUnavailableException>(() => storage.Write("run/x", Bytes("x")));
        Assert.False(e.IsTransient);
        Assert.Contains("access is refused", e.Message, StringComparison.Ordinal);
        Assert.Contains(RunStorage.ConnectionStringVariable, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(key, e.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("AccountKey", storage.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AServerThatNeverAnswersCostsATimeOutAndThenNothing()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var options = s_impatient with { TryTimeout = TimeSpan.FromMilliseconds(200), Retries = 4, Rest = TimeSpan.FromSeconds(20) };
        var client = new BlobContainerClient(new Uri($"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}/tests/container"), NoRetries());
        var storage = new AzureRunStorage(client, options: options);
        var e = await Assert.ThrowsAsync<StorageUnavailableException>(() => storage.Read("run/x"));
        Assert.True(e.IsTransient);
        Assert.Contains("no answer in time", e.Message, StringComparison.Ordinal);

        // Ten failed tries open the circuit; from then on a call fails without a try.
        await Assert.ThrowsAsync<StorageUnavailableException>(() => storage.Read("run/x"));
        e = await Assert.ThrowsAsync<StorageUnavailableException>(() => storage.Read("run/x"));
        Assert.Contains("left alone", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AContainerIsOpenedByNameAndByAddress()
    {
        var before = Environment.GetEnvironmentVariable(RunStorage.ConnectionStringVariable);
        Environment.SetEnvironmentVariable(RunStorage.ConnectionStringVariable, azurite.ConnectionString);
        try
        {
            await RunStorage.Open("azure:container/team").Write("run/x", Bytes("x"));
            Assert.Equal(["team/run/x"], await RunStorage.Open($"{azurite.Address}/container").List(""));
            Assert.Equal(["run/x"], await RunStorage.Open($"{azurite.Address}/container/team").List(""));
        }
        finally
        {
            Environment.SetEnvironmentVariable(RunStorage.ConnectionStringVariable, before);
        }
    }

    [Fact]
    public async Task CancellingIsNoFailureOfTheStorage()
    {
        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Storage.Read("run/x", source.Token));
    }

    [Fact]
    public async Task CheckpointsAndLedgerLiveInAContainer()
    {
        var store = new CheckpointStore(Storage, "run");
        await store.Write(CheckpointTests.Content(3));
        await store.Write(CheckpointTests.Content(6));
        CheckpointTests.AssertSame(CheckpointTests.Content(6), await store.Read(6));
        await store.Prune(1);
        Assert.Equal([3, 6], await store.Steps());
        await _container.GetBlobClient("run/checkpoints/6/params.safetensors").UploadAsync(BinaryData.FromString("damage"), overwrite: true);
        var search = await store.Newest();
        Assert.Equal(3, search.Found!.Step);
        Assert.Contains("run/checkpoints/6/params.safetensors", Assert.Single(search.Skipped), StringComparison.Ordinal);
    }

    private static BlobClientOptions NoRetries()
    {
        var options = new BlobClientOptions(BlobClientOptions.ServiceVersion.V2023_01_03);
        options.Retry.MaxRetries = 0;
        return options;
    }

    private async Task<string[]> Names()
    {
        var names = new List<string>();
        await foreach (var blob in _container.GetBlobsAsync())
            names.Add(blob.Name);
        return [.. names];
    }
}
