using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.Storage;
using SslOrleans.Grains.Workers;

namespace SslOrleans.Client.Cluster;

/// <summary>
/// What ends a silo that another program started. While that program lives it decides. When it has ended without ending its silos (it was
/// killed), they go on with its run as members of the cluster, and end when none of their workers' runs should be training any more.
/// </summary>
internal static class EndOfWork
{
    private static readonly TimeSpan s_often = TimeSpan.FromSeconds(1);

    /// <summary>Somebody may resume or begin a run just now.</summary>
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(5);

    /// <summary>The same, for a silo whose workers have not been given a run yet: the run may be on its way to another silo.</summary>
    private static readonly TimeSpan s_unused = TimeSpan.FromSeconds(60);

    /// <summary>Returns when the silo has nothing left to do.</summary>
    /// <param name="parent">The process that started it.</param>
    /// <param name="silo">Services of the silo; null while it has not joined.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public static async Task Wait(int parent, Func<IServiceProvider?> silo, CancellationToken cancellation)
    {
        await EndOf(parent, cancellation);
        var (idle, patience) = (Stopwatch.StartNew(), s_unused);
        while (idle.Elapsed < patience)
        {
            await Task.Delay(s_often, cancellation);
            if (silo() is not { } services || services.GetRequiredService<OpenRuns>().Names is not { Count: > 0 } runs)
                continue;
            patience = s_idle;
            if (await AnyTrains(services.GetRequiredService<IRunStorage>(), runs, cancellation))
                idle.Restart();
        }
    }

    /// <summary>The run's record says whether it should be training, wherever it is led and whoever is dead.</summary>
    private static async Task<bool> AnyTrains(IRunStorage storage, IEnumerable<string> runs, CancellationToken cancellation)
    {
        foreach (var run in runs)
        {
            try
            {
                if (await RunRecord.Read(storage, run).WaitAsync(cancellation) is { Training: true })
                    return true;
            }
            catch (StorageUnavailableException)
            {
                // Not known, and the run waits for the storage too.
                return true;
            }
        }

        return false;
    }

    private static async Task EndOf(int process, CancellationToken cancellation)
    {
        try
        {
            using var waited = Process.GetProcessById(process);
            await waited.WaitForExitAsync(cancellation);
        }
        catch (ArgumentException)
        {
            // It has ended already.
        }
    }
}
