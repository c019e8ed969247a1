using System.Diagnostics;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Placement;

namespace SslOrleans.Grains.Meters;

/// <summary>The meters of the silo that it lives on.</summary>
[OnNamedSilo]
[Reentrant]
public sealed class SiloMetersGrain(CallMeters meters, ILocalSiloDetails silo) : Grain, ISiloMetersGrain
{
    public Task<SiloMeters> Read()
    {
        using var process = Process.GetCurrentProcess();
        return Task.FromResult(new SiloMeters(
            silo.Name,
            process.Id,
            (DateTime.UtcNow - process.StartTime.ToUniversalTime()).TotalSeconds,
            process.TotalProcessorTime.TotalSeconds,
            process.WorkingSet64,
            GC.GetTotalMemory(forceFullCollection: false),
            meters.Read()));
    }
}
