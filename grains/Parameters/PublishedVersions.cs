using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Meters;
using SslOrleans.Grains.Transfer;

namespace SslOrleans.Grains.Parameters;

/// <summary>A slice's values for its readers: the present version, and the one before for those that are about to take it.</summary>
internal sealed class PublishedVersions(PayloadStore payloads)
{
    private KeptPayload? _now;
    private KeptPayload? _before;

    /// <summary>The present version.</summary>
    public Payload Now => _now!.Payload;

    /// <summary>XXH128 of what readers get, computed anew where it is in this process.</summary>
    public string Hash => Now.IsHere ? Facts.Hash(Payload.Floats(Now.Here.Value)) : Now.Hash;

    /// <param name="values">Are copied.</param>
    /// <param name="hash">Their hash where it is known.</param>
    public void Publish(float[] values, string? hash)
    {
        _before?.Dispose();
        (_now, _before) = (payloads.Keep(values, hash), _now);
    }
}
