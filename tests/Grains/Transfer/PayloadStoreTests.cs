using System.Diagnostics;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using Microsoft.Extensions.DependencyInjection;
using SslOrleans.Contracts;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Transfer;
using SslOrleans.Silo;
using SslOrleans.Tests.Grains.Support;

namespace SslOrleans.Tests.Grains.Transfer;

public class PayloadStoreTests
{
    private const string Elsewhere = "another machine";

    private static readonly float[] s_few = Values(100);
    private static readonly float[] s_many = Values((9 << 18) + 1);

    [Fact]
    public async Task FewBytesTravelInTheMessageAndManyStayUntilTheyAreTaken()
    {
        await using var cluster = await Cluster.Start(workers: 0);
        var store = new PayloadStore(cluster.Grains, cluster.Host.Services.GetRequiredService<ILocalSiloDetails>());

        using var few = store.Keep(s_few);
        Assert.True(few.Payload.IsHere);
        Assert.Equal(s_few, await store.Take(few.Payload));
        Assert.Equal(0, store.Count);

        using (var many = store.Keep(s_many))
        {
            Assert.Empty(many.Payload.Here.Value);
            Assert.Equal(1, store.Count);
            Assert.Equal(s_many, await store.Take(many.Payload));
        }

        Assert.Equal(0, store.Count);
    }

    [Fact]
    public async Task MemoryIsUsedAgainAndIsNowhereInAFolder()
    {
        await using var cluster = await Cluster.Start(workers: 0);
        var store = Store(cluster);
        string path;
        using (var kept = store.Keep(s_many))
            path = kept.Payload.Path;
        using var again = store.Keep(Values(s_many.Length));

        Assert.Equal(path, again.Payload.Path);
        Assert.StartsWith("/memfd:", File.ResolveLinkTarget(path, returnFinalTarget: false)!.FullName, StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.GetFileSystemEntries("/dev/shm"), f => f.Contains("sslorleans", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AnotherProcessOfThisMachineReadsThem()
    {
        await using var cluster = await Cluster.Start(workers: 0);
        using var kept = Store(cluster).Keep(s_many);
        using var process = Process.Start(new ProcessStartInfo("sha256sum", [kept.Payload.Path]) { RedirectStandardOutput = true })!;
        var read = await process.StandardOutput.ReadToEndAsync();

        Assert.StartsWith(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(MemoryMarshal.AsBytes(s_many.AsSpan()))), read, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Elsewhere)]
    [InlineData("")]
    public async Task BetweenMachinesTheyAreTakenInParts(string machine)
    {
        await using var cluster = await Cluster.Start(workers: 0);
        using var other = await cluster.AddSilo(SiloHost.WithPorts(new SiloSettings { Name = "other", Workers = 0 }), Roles.Parameters);
        var receiver = new PayloadStore(other.Services.GetRequiredService<IGrainFactory>(), other.Services.GetRequiredService<ILocalSiloDetails>(), machine);
        using var kept = Store(cluster).Keep(s_many);

        Assert.Equal(s_many, await receiver.Take(kept.Payload));
        await other.StopAsync();
    }

    /// <summary>The sender has given up waiting, and uses the memory for something else.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task BytesThatAreGoneAreNeverOthers(bool sameMachine)
    {
        await using var cluster = await Cluster.Start(workers: 0);
        var store = Store(cluster);
        var receiver = sameMachine ? store : new PayloadStore(cluster.Grains, cluster.Host.Services.GetRequiredService<ILocalSiloDetails>(), Elsewhere);
        var gone = store.Keep(s_many);
        gone.Dispose();
        using var next = store.Keep(Values(s_many.Length, seed: 5));

        await Assert.ThrowsAsync<PayloadLostException>(() => receiver.Take(gone.Payload));
        Assert.Equal(Values(s_many.Length, seed: 5), await receiver.Take(next.Payload));
    }

    [Fact]
    public async Task AnAnswerIsKeptForAWhile()
    {
        await using var cluster = await Cluster.Start(workers: 0);
        var store = new PayloadStore(cluster.Grains, cluster.Host.Services.GetRequiredService<ILocalSiloDetails>()) { Lending = TimeSpan.FromMilliseconds(50) };

        var lent = store.Lend(s_many);
        Assert.Equal(s_many, await store.Take(lent));
        for (var tries = 0; store.Count > 0 && tries < 100; tries++)
            await Task.Delay(50);
        Assert.Equal(0, store.Count);
    }

    [Fact]
    public async Task AnotherLengthIsRefused()
    {
        await using var cluster = await Cluster.Start(workers: 0);
        using var kept = Store(cluster).Keep(s_few);

        var refused = await Assert.ThrowsAsync<ArgumentException>(() => Store(cluster).Take(kept.Payload, new float[7]));
        Assert.StartsWith("400 bytes for 7 values.", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>A process that has closed its memory may have opened a pipe under the same number.</summary>
    [Fact]
    public void APipeIsNotReadFrom()
    {
        using var writer = new AnonymousPipeServerStream(PipeDirection.Out);
        using var reader = new AnonymousPipeClientStream(PipeDirection.In, writer.ClientSafePipeHandle);
        writer.Write([1, 2, 3]);

        Assert.False(SharedMemory.TryRead($"/proc/self/fd/{reader.SafePipeHandle.DangerousGetHandle()}", new byte[3]));
        Assert.False(SharedMemory.TryRead("/proc/self/fd/99999", new byte[3]));
        Assert.Equal(1, reader.ReadByte());
    }

    private static PayloadStore Store(Cluster cluster) => cluster.Host.Services.GetRequiredService<PayloadStore>();

    private static float[] Values(int count, int seed = 0) => [.. Enumerable.Range(0, count).Select(i => (float)((i * 31) + seed))];
}
