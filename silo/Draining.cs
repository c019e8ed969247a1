using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SslOrleans.Contracts.Grains;
using SslOrleans.Grains.Placement;

namespace SslOrleans.Silo;

/// <summary>How a silo ends without anybody waiting for it: first its workers hand back what they have, then it saves and leaves.</summary>
public static class Draining
{
    private static readonly TimeSpan s_lastWord = TimeSpan.FromSeconds(0.5);

    /// <summary>
    /// Ends the host. The run deals the handed-back micro-batches to others at once; whatever is not over by the limit
    /// is given up, as if the silo had been killed then.
    /// </summary>
    public static async Task StopAsync(IHost host, SiloSettings settings, TimeSpan time)
    {
        using var limit = new CancellationTokenSource(time);
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        var leaving = Task.WhenAll(Workers(settings).Select(w => grains.GetGrain<IWorkerGrain>(w).Leave()));

        // A run grain that is gone cannot be told; it will notice.
        await leaving.WaitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var stopping = host.StopAsync(limit.Token);

        // Past the limit Orleans still tries to write its death into the membership table, for a minute if the table cannot be reached.
        await stopping.WaitAsync(time + s_lastWord).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Keys of the silo's own worker grains.</summary>
    internal static IEnumerable<string> Workers(SiloSettings settings)
        => settings.Roles.Split(',').Contains(Roles.Worker) ? Enumerable.Range(0, settings.Workers).Select(i => $"{settings.Name}/{i}") : [];
}
