using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;

namespace SslOrleans.Bench.Actors;

/// <summary>What is measured.</summary>
internal static class Measurements
{
    private const int Megabyte = 1 << 20;

    public static async Task<IReadOnlyList<Row>> RunAsync()
    {
        var rows = new List<Row>();
        int port = Hosts.FreePort(), gateway = Hosts.FreePort();
        using var host = await Hosts.StartSiloAsync(port, gateway, port, "primary");
        try
        {
            var grains = host.Services.GetRequiredService<IGrainFactory>();
            await grains.GetGrain<IPayloadGrain>("primary").Silo();
            using (var client = Hosts.StartClient(gateway))
                rows.AddRange(JsonSerializer.Deserialize<Row[]>(await client.ReadLineAsync())!);
            var caller = grains.GetGrain<ICallerGrain>("caller");
            rows.Add(await SameSiloAsync(caller));
            using (var other = await Hosts.StartSiloProcessAsync(port, "other"))
            {
                rows.AddRange(await BetweenSilosAsync(grains, caller, other));
                rows.Add(await LostAsync("SIGKILL noticed by a call in flight (tuned Orleans)", 800, grains.GetGrain<IPayloadGrain>("other"), other.Kill, target: 100));
            }
            using var hung = await Hosts.StartSiloProcessAsync(port, "hung");
            rows.Add(await LostAsync("SIGSTOP noticed by a call in flight (tuned Orleans)", 1000, grains.GetGrain<IPayloadGrain>("hung"), hung.Hang));
        }
        finally
        {
            await host.StopAsync();
        }
        return rows;
    }

    public static async Task<Row[]> FromClientAsync(IClusterClient client)
    {
        const int Calls = 3000;
        var grain = client.GetGrain<IPayloadGrain>("primary");
        async Task<double> OnceAsync()
        {
            var watch = Stopwatch.StartNew();
            for (var i = 0; i < Calls; i++)
                await grain.Tiny(i);
            return watch.Elapsed.TotalMilliseconds / Calls;
        }
        await OnceAsync();
        return [new("tiny call, client to silo", 0.12, await BestAsync(OnceAsync))];
    }

    private static async Task<Row> SameSiloAsync(ICallerGrain caller)
    {
        await caller.Push("primary", Megabyte, 50_000, 1);
        return new("same silo, 1 MB immutable", 0.0025, await BestAsync(() => caller.Push("primary", Megabyte, 50_000, 1)));
    }

    private static async Task<List<Row>> BetweenSilosAsync(IGrainFactory grains, ICallerGrain caller, ChildProcess other)
    {
        await IsThereAsync(grains);
        await caller.Push("other", Megabyte, 50, 1);
        var rows = new List<Row>
        {
            new("silo to silo, 1 MB immutable", 1.8, await BestAsync(() => caller.Push("other", Megabyte, 50, 1))),
            new("silo to silo, 16 MB immutable", 20, await BestAsync(() => caller.Push("other", 16 * Megabyte, 10, 1))),
            new("silo from silo, 16 MB immutable", 20, await BestAsync(() => caller.Pull("other", 16 * Megabyte, 10))),
            new("silo to silo, 4 MB immutable, 8 in flight, each", 5, await BestAsync(() => caller.Push("other", 4 * Megabyte, 50, 8))),
        };
        // Had the machine starved the second silo for so long that it was declared dead, all of this would have been measured in one silo.
        await IsThereAsync(grains);
        return rows;
    }

    private static async Task IsThereAsync(IGrainFactory grains)
    {
        if (await grains.GetGrain<IPayloadGrain>("other").Silo() != "other")
            throw new LostSiloException("the second silo was lost while it was measured; run again on a quieter machine.");
    }

    private static async Task<Row> LostAsync(string what, double orleans, IPayloadGrain grain, Action lose, double? target = null)
    {
        var held = grain.Hold(60_000);
        await Task.Delay(100);
        if (held.IsCompleted)
            await held;
        var watch = Stopwatch.StartNew();
        lose();
        await ((Task)held).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return new(what, orleans, watch.Elapsed.TotalMilliseconds, target);
    }

    private static async Task<double> BestAsync(Func<Task<double>> measure)
    {
        var best = double.MaxValue;
        for (var i = 0; i < 5; i++)
            best = Math.Min(best, await measure());
        return best;
    }
}
