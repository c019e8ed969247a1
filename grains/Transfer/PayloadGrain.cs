using Orleans.Concurrency;
using Orleans.Placement;
using SslOrleans.Contracts.Grains;
using SslOrleans.Grains.Placement;

namespace SslOrleans.Grains.Transfer;

/// <summary>See <see cref="IPayloadGrain"/>.</summary>
[OnNamedSilo]
[Reentrant]
[KeepAlive]
[Immovable]
public sealed class PayloadGrain(PayloadStore store) : Grain, IPayloadGrain
{
    public Task<Immutable<byte[]>> Read(long number, long offset, int length) => Task.FromResult(store.Read(number, offset, length));
}
