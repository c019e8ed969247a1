using System.Net.Sockets;
using Azure;
using Azure.Storage.Blobs.Models;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace SslOrleans.Grains.Storage;

/// <summary>
/// Calls to a blob container: a time-out for each try, retries with jitter, a circuit breaker, and one exception for whatever is left.
/// Messages carry status and error codes only: a response's text can quote what was signed, an address can hold a signature.
/// </summary>
internal sealed class AzureCalls
{
    private readonly ResiliencePipeline _pipeline;
    private readonly string _container;

    public AzureCalls(AzureStorageOptions options, string container)
    {
        _container = container;
        var transient = new PredicateBuilder().Handle<Exception>(IsTransient);
        var builder = new ResiliencePipelineBuilder();
        if (options.Retries > 0)
        {
            builder.AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = transient,
                MaxRetryAttempts = options.Retries,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.FirstDelay,
                MaxDelay = options.LongestDelay,
            });
        }

        _pipeline = builder
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                ShouldHandle = transient,
                FailureRatio = 0.5,
                MinimumThroughput = 10,
                SamplingDuration = TimeSpan.FromSeconds(30),
                BreakDuration = options.Rest,
            })
            .AddTimeout(options.TryTimeout)
            .Build();
    }

    /// <summary>One call of the service, tried again where that can help. A refusal comes through as it is.</summary>
    public async Task<T> Try<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellation)
        => await _pipeline.ExecuteAsync(async token => await call(token).ConfigureAwait(false), cancellation).ConfigureAwait(false);

    /// <summary>A whole operation: what its calls could not do becomes a <see cref="StorageUnavailableException"/>.</summary>
    public async Task<T> Guard<T>(string what, string path, Func<Task<T>> operation, CancellationToken cancellation)
    {
        try
        {
            return await operation().ConfigureAwait(false);
        }
        catch (Exception e) when (e is not (StorageUnavailableException or StorageConflictException or ArgumentException)
            && (IsTransient(e) || e is BrokenCircuitException or RequestFailedException)
            && !cancellation.IsCancellationRequested)
        {
            var (reason, transient) = Describe(e);
            throw new StorageUnavailableException($"Cannot {what} {path} in {_container}: {reason}.", transient);
        }
    }

    private static bool IsTransient(Exception e) => e switch
    {
        RequestFailedException failed => failed.Status is 0 or 408 or 429 or >= 500 || failed.ErrorCode == BlobErrorCode.ContainerBeingDeleted,
        AggregateException several => several.InnerExceptions.All(IsTransient),
        TimeoutRejectedException or IOException or HttpRequestException or SocketException => true,
        // The pipeline tells the caller's cancellation from its own time-out; what is left is the client's own time-out.
        TaskCanceledException { InnerException: TimeoutException } => true,
        _ => false,
    };

    private static (string Reason, bool Transient) Describe(Exception e)
    {
        if (e is BrokenCircuitException)
            return ("it failed again and again and is left alone for a few seconds", true);
        if (e is TimeoutRejectedException or TaskCanceledException)
            return ("no answer in time", true);
        if (e is RequestFailedException { Status: > 0 } failed)
        {
            var code = $"{failed.Status} {failed.ErrorCode}".TrimEnd();
            return failed.Status is 401 or 403
                ? ($"access is refused ({code}); check {RunStorage.ConnectionStringVariable}", false)
                : ($"the service says {code}", IsTransient(failed));
        }

        for (var inner = e; inner is not null; inner = inner.InnerException)
        {
            if (inner is SocketException socket)
                return ($"no connection ({socket.SocketErrorCode})", true);
        }

        return ($"the connection failed ({e.GetType().Name})", true);
    }
}
