using Orleans.Concurrency;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Contracts.Grains;

/// <summary>Hands out what a silo keeps for receivers on other machines. Key: silo/payloads.</summary>
[Alias("SslOrleans.IPayloadGrain")]
public interface IPayloadGrain : IGrainWithStringKey
{
    /// <summary>Bytes <c>offset … offset + length − 1</c> of a payload.</summary>
    /// <param name="number"><see cref="Payload.Number"/>.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="length">At most <see cref="Payload.PartLength"/>.</param>
    /// <exception cref="PayloadLostException">The silo does not keep it any more.</exception>
    [AlwaysInterleave]
    Task<Immutable<byte[]>> Read(long number, long offset, int length);
}
