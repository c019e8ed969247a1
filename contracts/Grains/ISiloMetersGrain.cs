using Orleans.Concurrency;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Contracts.Grains;

/// <summary>Reads the meters of the silo that its key names. Key: silo/meters.</summary>
[Alias("SslOrleans.ISiloMetersGrain")]
public interface ISiloMetersGrain : IGrainWithStringKey
{
    [AlwaysInterleave]
    [ResponseTimeout("00:00:05")]
    Task<SiloMeters> Read();

    /// <summary>Key of a silo's.</summary>
    static string Key(string silo) => $"{silo}/meters";
}
