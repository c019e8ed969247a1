using System.Runtime.CompilerServices;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Serialization;

namespace SslOrleans.Conformance;

[Collection(nameof(SharedCluster))]
public sealed class CallTests(SharedCluster cluster)
{
    private readonly IEchoGrain _grain = cluster.Grains.GetGrain<IEchoGrain>("call");

    [Fact]
    public async Task ACallReturnsItsResult() => Assert.Equal(5, await _grain.Add(2, 3));

    [Fact]
    public async Task KeysOfEveryKindArrive()
    {
        var guid = Guid.NewGuid();
        Assert.Equal(guid, await cluster.Grains.GetGrain<IGuidGrain>(guid).Key());
        Assert.Equal(-7, await cluster.Grains.GetGrain<IIntegerGrain>(-7).Key());
        var next = await cluster.Grains.GetGrain<IIntegerGrain>(41).Next();
        Assert.Equal(42, await next.Key());
        Assert.Equal(42, next.GetPrimaryKeyLong());
        Assert.Equal("a/b é", cluster.Grains.GetGrain<IEchoGrain>("a/b é").GetPrimaryKeyString());
    }

    [Fact]
    public async Task ValuesOfEveryTypeArriveAsTheyWere()
    {
        var sent = new Everything
        {
            Maybe = 3,
            Table = { ["one"] = [1.5f, -2f], ["none"] = [] },
            Shape = new Polygon { Name = "line", Corners = [new Point(1, 2), new Point(-3, 4)] },
            Pair = (long.MinValue, Guid.NewGuid()),
            Bytes = new byte[] { 1, 2, 3 },
            Names = ["a", null, ""],
            Colour = Colour.Green,
            When = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(2)),
            Span = TimeSpan.FromTicks(-5),
            Money = 12.345m,
            Point = new Point(7, 8),
            Number = 0,
            Set = [3, 1],
        };
        foreach (var grain in new[] { _grain, cluster.Grains.GetGrain<IEchoGrain>("call2"), cluster.First.Grains().GetGrain<IEchoGrain>("call") })
        {
            var got = await grain.Echo(sent);
            Assert.Equal(sent.Maybe, got.Maybe);
            Assert.Equal(sent.Table, got.Table);
            var polygon = Assert.IsType<Polygon>(got.Shape);
            Assert.Equal("line", polygon.Name);
            Assert.Equal([new Point(1, 2), new Point(-3, 4)], polygon.Corners);
            Assert.Equal(sent.Pair, got.Pair);
            Assert.Equal(sent.Bytes.ToArray(), got.Bytes.ToArray());
            Assert.Equal(sent.Names, got.Names);
            Assert.Equal(sent.Colour, got.Colour);
            Assert.Equal(sent.When, got.When);
            Assert.Equal(sent.Span, got.Span);
            Assert.Equal(sent.Money, got.Money);
            Assert.Equal(sent.Point, got.Point);
            Assert.Equal(0, got.Number);
            Assert.True(sent.Set.SetEquals(got.Set));
        }
        var empty = await _grain.Echo(new Everything());
        Assert.Null(empty.Maybe);
        Assert.Null(empty.Shape);
        Assert.Null(empty.Point);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(8 * 1024)]
    [InlineData(5_000_001)]
    public async Task BytesOfAnySizeArrive(int size)
    {
        var bytes = new byte[size];
        new Random(size).NextBytes(bytes);
        Assert.Equal(bytes, (await _grain.EchoBytes(bytes.AsImmutable())).Value);
        Assert.Equal(size, await _grain.Measure(bytes));
        Assert.Equal(size, (await _grain.Fill(size)).Length);
    }

    [Fact]
    public async Task AMessageOverTheLimitHurtsNobodyElse()
    {
        // Orleans may lose the sender's connection over it, so the sender is a client of its own.
        var client = await Cluster.StartClientAsync(cluster.Ports.ClusterId, cluster.Ports.Gateway);
        var sender = client.Grains().GetGrain<IEchoGrain>("call");
        Assert.Equal(5, await sender.Add(2, 3));
        await Assert.ThrowsAnyAsync<Exception>(() => sender.Measure(new byte[101 * 1024 * 1024]).WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(5, await _grain.Add(2, 3).WaitAsync(TimeSpan.FromSeconds(10)));
        await client.StopAndDisposeAsync();
    }

    [Fact]
    public async Task WithinASiloImmutableValuesAreSharedAndOthersCopied()
    {
        var grains = cluster.First.Grains();
        var local = grains.GetGrain<ILocalGrain>("shared-here");
        Assert.Equal("first", await local.Silo());
        // Whichever keys land on this silo take part; of so many some do, however silos are chosen.
        var shared = 0;
        for (var i = 0; i < 1000 && shared < 20; i++)
        {
            var grain = grains.GetGrain<IEchoGrain>($"shared{i}");
            if (await grain.WhereAmI() != "first")
                continue;
            var bytes = new byte[10];
            Assert.True(await grain.IsSame(bytes.AsImmutable(), RuntimeHelpers.GetHashCode(bytes)));
            shared++;
            var list = new List<int> { 1, 2, 3 };
            await grain.Mutate(list);
            Assert.Equal(3, list.Count);
        }
        Assert.NotEqual(0, shared);
    }

    [Fact]
    public async Task ExceptionsKeepTypeMessageAndStack()
    {
        var argument = await Assert.ThrowsAsync<ArgumentException>(() => _grain.Fail("bad luck"));
        Assert.Contains("bad luck", argument.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(EchoGrain.Fail), argument.StackTrace, StringComparison.Ordinal);
        var own = await Assert.ThrowsAsync<NotOursException>(() => _grain.FailWithOwn("ours"));
        Assert.Equal("ours", own.Message);
        var aliased = await Assert.ThrowsAsync<AliasedException>(() => _grain.FailWithAliased("by another name"));
        Assert.Equal("by another name", aliased.Message);
    }

    /// <summary>Only namespaces that the host names may send exceptions without a serializer; Orleans is strict here.</summary>
    [Fact]
    public async Task AnExceptionOfAForeignNamespaceIsReportedAsSuch()
    {
        var error = await Assert.ThrowsAsync<CodecNotFoundException>(() => _grain.FailWithForeign("theirs"));
        Assert.Contains("Foreign.ForeignException", error.Message, StringComparison.Ordinal);
        Assert.Equal(3, await _grain.Add(1, 2));
    }

    [Fact]
    public async Task RequestContextTravelsWithTheCallAndItsCalls()
    {
        RequestContext.Set("who", "me");
        try
        {
            Assert.Equal("me", await _grain.ReadContext("who"));
            Assert.Equal("me", await _grain.ReadContextOfNeighbour("who"));
        }
        finally
        {
            RequestContext.Clear();
        }
        Assert.Null(await _grain.ReadContext("who"));
    }

    [Fact]
    public async Task TenThousandConcurrentCallsAllAnswer()
    {
        var calls = Enumerable.Range(0, 10_000).Select(i => cluster.Grains.GetGrain<IEchoGrain>($"many{i % 100}").Add(i, i)).ToArray();
        var sums = await Task.WhenAll(calls);
        for (var i = 0; i < sums.Length; i++)
            Assert.Equal(2 * i, sums[i]);
    }
}

/// <summary>Waits for what takes a while.</summary>
public static class Eventually
{
    public static async Task SucceedsAsync(Func<Task> attempt, int seconds = 15)
    {
        var until = DateTime.UtcNow.AddSeconds(seconds);
        while (true)
        {
            try
            {
                await attempt();
                return;
            }
            catch (Exception) when (DateTime.UtcNow < until)
            {
                await Task.Delay(20);
            }
        }
    }
}
