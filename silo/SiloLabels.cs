using System.Globalization;
using SslOrleans.Grains.Placement;
using SslOrleans.Silo.Lifelines;

namespace SslOrleans.Silo;

/// <summary>What a silo tells of itself to every other one, as silo metadata; placement follows the roles.</summary>
internal static class SiloLabels
{
    public static Dictionary<string, string> Of(SiloSettings settings, int lifeline) => new()
    {
        [Roles.Key] = settings.Roles,
        ["device"] = settings.Device,
        ["workers"] = settings.Workers.ToString(CultureInfo.InvariantCulture),
        ["memory"] = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes.ToString(CultureInfo.InvariantCulture),
        ["numericsClass"] = Numerics.Class(settings.Device, settings.ThreadsPerWorker),
        ["machine"] = Environment.MachineName,
        [LifelineWatch.Key] = lifeline.ToString(CultureInfo.InvariantCulture),
    };
}
