using System.Runtime.CompilerServices;
using Orleans.Concurrency;
using SslOrleans.Contracts;
using SslOrleans.Grains.Placement;

namespace SslOrleans.Tests.Facts;

/// <summary>A grain that does what the product's grains do, and nothing else. Lives on the silo that its key names.</summary>
public interface IFactGrain : IGrainWithStringKey
{
    Task Fail(string message);

    /// <summary>Waits until <see cref="Open"/> is called.</summary>
    Task Wait();

    [AlwaysInterleave]
    Task Open();

    /// <summary>A one-way call that fails after it has waited.</summary>
    [OneWay]
    Task WaitAndFail();

    [ResponseTimeout("00:00:01")]
    Task WaitImpatiently();

    /// <summary>Adds in steps that another turn could come between if turns ran side by side.</summary>
    Task<int> Count();

    /// <returns>Whether it is the object with this hash code, and the bytes.</returns>
    Task<(bool Same, Immutable<byte[]> Bytes)> Echo(Immutable<byte[]> bytes, int hash);
}

/// <summary>Tells whether it is still the activation that it was.</summary>
public interface ILastingGrain : IGrainWithStringKey
{
    /// <returns>How many calls this activation has had.</returns>
    Task<int> Calls();
}

[OnNamedSilo]
[Reentrant]
public sealed class FactGrain : Grain, IFactGrain
{
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _count;

    /// <summary>Completes when the first activation is collected.</summary>
    public static TaskCompletionSource Collected { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Fail(string message) => throw new UserErrorException(message);

    public Task Wait() => _gate.Task;

    public Task Open()
    {
        _gate.TrySetResult();
        return Task.CompletedTask;
    }

    public async Task WaitAndFail()
    {
        await _gate.Task;
        throw new InvalidOperationException("nobody hears this");
    }

    public Task WaitImpatiently() => _gate.Task;

    public async Task<int> Count()
    {
        await Task.Yield();
        var before = _count;
        Thread.SpinWait(1000);
        return _count = before + 1;
    }

    public Task<(bool Same, Immutable<byte[]> Bytes)> Echo(Immutable<byte[]> bytes, int hash)
        => Task.FromResult((RuntimeHelpers.GetHashCode(bytes.Value) == hash, bytes));

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (reason.ReasonCode == DeactivationReasonCode.ActivationIdle)
            Collected.TrySetResult();
        return Task.CompletedTask;
    }
}

[OnNamedSilo]
[Reentrant]
[KeepAlive]
public sealed class LastingGrain : Grain, ILastingGrain
{
    private int _calls;

    public Task<int> Calls() => Task.FromResult(++_calls);
}
