using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Hosting;

namespace SslOrleans.Conformance;

/// <summary>Filters stand before every call of a silo's grains: what they let through, and what they throw, reaches the caller.</summary>
public sealed class FilterTests : IAsyncLifetime
{
    private readonly SiloPorts _ports = SiloPorts.NewPrimary();
    private IHost _silo = null!;
    private IHost _client = null!;

    private enum Filter
    {
        Passes,
        ThrowsAtOnce,
        ThrowsLater,
        ThrowsAfterTheCall,
        Translates,
    }

    /// <summary>What the filter does to this class' grains; the silo is in this process.</summary>
    private volatile Filter _filter;

    public async Task InitializeAsync()
    {
        _silo = await Cluster.StartSiloAsync(_ports, "filtered", more: silo => silo.AddIncomingGrainCallFilter(Look));
        _client = await Cluster.StartClientAsync(_ports.ClusterId, _ports.Gateway);
    }

    public async Task DisposeAsync()
    {
        await _client.StopAndDisposeAsync();
        await _silo.StopAndDisposeAsync();
    }

    [Theory]
    [InlineData(nameof(Filter.ThrowsAtOnce), 0)]
    [InlineData(nameof(Filter.ThrowsLater), 0)]
    [InlineData(nameof(Filter.ThrowsAfterTheCall), 1)]
    public async Task WhatAFilterThrowsReachesTheCaller(string filter, int done)
    {
        foreach (var host in new[] { _client, _silo })
        {
            var counter = host.Grains().GetGrain<ICounterGrain>(Guid.NewGuid().ToString());
            _filter = Enum.Parse<Filter>(filter);
            var error = await Assert.ThrowsAsync<NotOursException>(() => counter.Increment()).WaitAsync(TimeSpan.FromSeconds(10));
            _filter = Filter.Passes;
            Assert.Equal("the filter says no", error.Message);
            Assert.Equal(done, await counter.Value());
            Assert.Equal(done + 1, await counter.Increment());
        }
    }

    [Fact]
    public async Task AFilterSeesWhatTheGrainThrowsAndMayThrowAnother()
    {
        var grain = _client.Grains().GetGrain<IEchoGrain>("filtered");
        _filter = Filter.Passes;
        Assert.Contains("bad luck", (await Assert.ThrowsAsync<ArgumentException>(() => grain.Fail("bad luck"))).Message, StringComparison.Ordinal);
        _filter = Filter.Translates;
        Assert.Equal("translated: bad luck", (await Assert.ThrowsAsync<NotOursException>(() => grain.Fail("bad luck"))).Message);
        Assert.Equal(5, await grain.Add(2, 3));
    }

    private Task Look(IIncomingGrainCallContext context)
    {
        var filter = context.Grain is CounterGrain or EchoGrain ? _filter : Filter.Passes;
        return filter switch
        {
            Filter.ThrowsAtOnce => throw new NotOursException("the filter says no"),
            Filter.ThrowsLater => Later(callFirst: false),
            Filter.ThrowsAfterTheCall => Later(callFirst: true),
            Filter.Translates => Translated(),
            _ => context.Invoke(),
        };

        async Task Later(bool callFirst)
        {
            await Task.Yield();
            if (callFirst)
                await context.Invoke();
            throw new NotOursException("the filter says no");
        }

        async Task Translated()
        {
            try
            {
                await context.Invoke();
            }
            catch (ArgumentException e)
            {
                throw new NotOursException($"translated: {e.Message}");
            }
        }
    }
}
