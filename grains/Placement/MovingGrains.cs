using Polly;
using Polly.Retry;

namespace SslOrleans.Grains.Placement;

/// <summary>
/// Calls to grains that move when their silo dies: the call that the death interrupts is made again and finds the grain elsewhere.
/// For calls that change nothing when they come twice.
/// </summary>
internal static class MovingGrains
{
    // A death is noticed within a second or two; who cannot be reached for longer is not moving.
    private static readonly ResiliencePipeline s_again = new ResiliencePipelineBuilder()
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<OrleansException>(),
            MaxRetryAttempts = 100,
            BackoffType = DelayBackoffType.Constant,
            Delay = TimeSpan.FromMilliseconds(100),
            UseJitter = true,
        })
        .Build();

    /// <summary>Makes the call, on the caller's scheduler, until it is answered or refused by the grain itself.</summary>
    /// <exception cref="OrleansException">Nobody answered for ten seconds.</exception>
    public static async Task<T> Ask<T>(Func<Task<T>> call)
    {
        var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: true);
        try
        {
            return await s_again.ExecuteAsync(static async (_, call) => await call(), context, call);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    /// <summary>The same for a call without an answer.</summary>
    public static Task Ask(Func<Task> call) => Ask(async () =>
    {
        await call();
        return true;
    });
}
