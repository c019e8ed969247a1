using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Runtime;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Runs;

namespace SslOrleans.Client.Cluster;

/// <summary>
/// What ends a silo that another program started. While that program lives it decides. When it has ended without ending its silos (it was
/// killed), they go on with its run as members of the cluster, and end when no run is left in it.
/// </summary>
internal static class EndOfWork
{
    private static readonly TimeSpan s_often = TimeSpan.FromSeconds(1);

    /// <summary>A run that moves to another silo is in nobody's memory for a moment.</summary>
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(10);

    /// <summary>A cluster that cannot tell for so long has no silo left that could lead a run.</summary>
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(60);

    /// <summary>Returns when the silo has nothing left to do.</summary>
    /// <param name="parent">The process that started it.</param>
    /// <param name="host">The silo.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public static async Task Wait(int parent, IHost host, CancellationToken cancellation)
    {
        await EndOf(parent, cancellation);
        var grains = host.Services.GetRequiredService<IGrainFactory>();
        var (idle, silent) = (Stopwatch.StartNew(), Stopwatch.StartNew());
        while (idle.Elapsed < s_idle && silent.Elapsed < s_silence)
        {
            await Task.Delay(s_often, cancellation);
            try
            {
                if (await IsTraining(grains).WaitAsync(cancellation))
                    idle.Restart();
                silent.Restart();
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                // A silo has just died; nothing is known.
                idle.Restart();
            }
        }
    }

    /// <summary>Some run is in memory that is neither completed nor stopped nor failed. Runs that nobody leads are not woken up by the question.</summary>
    private static async Task<bool> IsTraining(IGrainFactory grains)
    {
        foreach (var activation in await grains.GetGrain<IManagementGrain>(0).GetDetailedGrainStatistics())
        {
            if (!activation.GrainType.Contains(nameof(TrainingRunGrain), StringComparison.Ordinal))
                continue;
            try
            {
                var status = await grains.GetGrain<ITrainingRunGrain>(activation.GrainId.Key.ToString()!).Status();
                if (status.Phase is not (RunPhase.Completed or RunPhase.Stopped or RunPhase.Failed))
                    return true;
            }
            catch (UserErrorException)
            {
                // Somebody asked for a run that is not led here.
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
