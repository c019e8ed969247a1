using System.Diagnostics;
using Orleans.Concurrency;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Placement;

namespace SslOrleans.Grains.Meters;

/// <summary>The process of the silo that it lives on: Orleans tells of managed memory only, and the tensors are elsewhere.</summary>
[OnNamedSilo]
[Reentrant]
public sealed class SiloMetersGrain(ILocalSiloDetails silo) : Grain, ISiloMetersGrain
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
            GC.GetTotalMemory(forceFullCollection: false)));
    }
}
