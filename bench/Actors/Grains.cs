using Orleans;
using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Runtime;

namespace SslOrleans.Bench.Actors;

public interface IPayloadGrain : IGrainWithStringKey
{
    Task<int> Tiny(int number);

    Task<int> Push(Immutable<byte[]> bytes);

    Task<Immutable<byte[]>> Pull(int size);

    Task Hold(int milliseconds);

    Task<string> Silo();
}

/// <summary>Calls another grain from within a silo, which is where the product's calls come from.</summary>
public interface ICallerGrain : IGrainWithStringKey
{
    /// <summary>Milliseconds per call, the calls one after the other, or so many in flight.</summary>
    Task<double> Push(string target, int size, int calls, int inFlight);

    Task<double> Pull(string target, int size, int calls);
}

[PreferLocalPlacement, Reentrant]
public sealed class PayloadGrain(ILocalSiloDetails silo) : Grain, IPayloadGrain
{
    private readonly byte[] _kept = new byte[16 << 20];

    public Task<int> Tiny(int number) => Task.FromResult(number + 1);

    public Task<int> Push(Immutable<byte[]> bytes) => Task.FromResult(bytes.Value.Length);

    public Task<Immutable<byte[]>> Pull(int size) => Task.FromResult((size == _kept.Length ? _kept : _kept[..size]).AsImmutable());

    public Task Hold(int milliseconds) => Task.Delay(milliseconds);

    public Task<string> Silo() => Task.FromResult(silo.Name);
}

[PreferLocalPlacement]
public sealed class CallerGrain : Grain, ICallerGrain
{
    public async Task<double> Push(string target, int size, int calls, int inFlight)
    {
        var grain = GrainFactory.GetGrain<IPayloadGrain>(target);
        var bytes = new byte[size].AsImmutable();
        await grain.Push(bytes);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var running = new Queue<Task<int>>();
        for (var i = 0; i < calls; i++)
        {
            running.Enqueue(grain.Push(bytes));
            if (running.Count >= inFlight)
                await running.Dequeue();
        }
        await Task.WhenAll(running);
        return watch.Elapsed.TotalMilliseconds / calls;
    }

    public async Task<double> Pull(string target, int size, int calls)
    {
        var grain = GrainFactory.GetGrain<IPayloadGrain>(target);
        await grain.Pull(size);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        for (var i = 0; i < calls; i++)
            await grain.Pull(size);
        return watch.Elapsed.TotalMilliseconds / calls;
    }
}
