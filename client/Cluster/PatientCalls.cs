using Polly;
using Polly.Retry;
using SslOrleans.Contracts;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Client.Cluster;

/// <summary>
/// Calls to grains of a cluster that is being restarted, moves a run or waits for its storage: they are made again until they are answered.
/// Only a cluster of which no silo can be reached is given up. For calls that change nothing when they come twice.
/// </summary>
/// <param name="isReachable">Whether a silo of the cluster can be reached.</param>
/// <param name="waits">Is told, in a line, what a call waits for when it waits long.</param>
public sealed class PatientCalls(Func<CancellationToken, Task<bool>> isReachable, Action<string> waits)
{
    /// <summary>A silo that was killed is replaced, and its grains are up elsewhere, well before.</summary>
    public static TimeSpan Quiet { get; } = TimeSpan.FromSeconds(5);

    /// <summary>A cluster that is restarted as a whole is back before.</summary>
    public static TimeSpan Gone { get; } = TimeSpan.FromSeconds(30);

    public PatientCalls(ClusterConnection cluster, Action<string> waits)
        : this(cluster.IsReachable, waits)
    {
    }

    /// <summary>After which time <c>waits</c> is told.</summary>
    public TimeSpan QuietFor { get; init; } = Quiet;

    /// <summary>After which time without any silo the cluster is given up.</summary>
    public TimeSpan GoneAfter { get; init; } = Gone;

    /// <summary>Makes the call until it is answered, or refused by the grain itself.</summary>
    /// <exception cref="UserErrorException">No silo of the cluster could be reached for half a minute.</exception>
    public async Task<T> Ask<T>(Func<Task<T>> question, CancellationToken cancellation)
    {
        var (clock, reached, said) = (TimeProvider.System, TimeProvider.System.GetTimestamp(), false);
        var started = reached;
        var again = new ResiliencePipelineBuilder()
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<OrleansException>().Handle<TimeoutException>().Handle<StorageUnavailableException>().Handle<ObjectDisposedException>(),
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Constant,
                Delay = TimeSpan.FromSeconds(0.3),
                UseJitter = true,
                OnRetry = async failed =>
                {
                    var why = failed.Outcome.Exception!;
                    var there = await isReachable(cancellation);
                    if (there)
                        reached = clock.GetTimestamp();
                    else if (clock.GetElapsedTime(reached) > GoneAfter)
                        throw new UserErrorException($"No silo of the cluster could be reached for {GoneAfter.TotalSeconds:0} s ({why.Message}); look whether one of its silos still runs, or go on with `sslo resume`.", why);
                    if (said || clock.GetElapsedTime(started) < QuietFor)
                        return;
                    said = true;
                    waits(there
                        ? $"the cluster is there, but the run does not answer yet ({why.Message.Split('\n')[0]}); waiting for it"
                        : $"no silo of the cluster can be reached; waiting for one until {GoneAfter.TotalSeconds:0} s are over");
                },
            })
            .Build();
        return await again.ExecuteAsync(async token => await question().WaitAsync(token), cancellation);
    }

    /// <inheritdoc cref="Ask{T}"/>
    public Task Ask(Func<Task> question, CancellationToken cancellation) => Ask(
        async () =>
        {
            await question();
            return true;
        },
        cancellation);
}
