using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using SslOrleans.Bench.Actors;

// Measures calls between processes on this machine: this one is the primary silo, a second is a silo, a third a client.
if (args is ["silo", var silo, var gateway, var primary, var name])
{
    var child = await StartSiloAsync(int.Parse(silo), int.Parse(gateway), int.Parse(primary), name);
    // Its own grain, bound here before others ask for it.
    await child.Services.GetRequiredService<IGrainFactory>().GetGrain<IPayloadGrain>(name).Silo();
    Console.WriteLine("up");
    await child.WaitForShutdownAsync();
    return;
}
if (args is ["client", var gatewayPort])
{
    var client = await StartClientAsync(int.Parse(gatewayPort));
    Console.WriteLine(JsonSerializer.Serialize(await MeasureClientAsync(client.Services.GetRequiredService<IClusterClient>())));
    await client.StopAsync();
    return;
}

var rows = new List<Row>();
int siloPort = FreePort(), gatewayOf = FreePort();
var host = await StartSiloAsync(siloPort, gatewayOf, siloPort, "primary");
var grains = host.Services.GetRequiredService<IGrainFactory>();
await grains.GetGrain<IPayloadGrain>("primary").Silo();
using (var client = StartSelf("client", gatewayOf))
    rows.AddRange(JsonSerializer.Deserialize<Row[]>((await client.StandardOutput.ReadLineAsync())!)!);
using (var other = await StartChildAsync("other"))
{
    var caller = grains.GetGrain<ICallerGrain>("caller");
    if (await grains.GetGrain<IPayloadGrain>("other").Silo() != "other")
        throw new InvalidOperationException("The second silo's grain is not there.");
    await caller.Push("other", 1 << 20, 50, 1);
    rows.Add(new("silo to silo, 1 MB immutable", 1.8, await BestAsync(() => caller.Push("other", 1 << 20, 50, 1))));
    rows.Add(new("silo to silo, 16 MB immutable", 20, await BestAsync(() => caller.Push("other", 16 << 20, 10, 1))));
    rows.Add(new("silo from silo, 16 MB immutable", 20, await BestAsync(() => caller.Pull("other", 16 << 20, 10))));
    rows.Add(new("silo to silo, 4 MB immutable, 8 in flight (2 GB/s)", 2, await BestAsync(() => caller.Push("other", 4 << 20, 50, 8))));
    var cpu = await CpuAsync(other, () => caller.Push("other", 4 << 20, 256, 8));
    rows.Add(new("CPU time of both silos for 1 GB in 4 MB chunks", 1000, cpu));
    // Had the machine starved the second silo for so long that it was declared dead, all of this would have been measured in one silo.
    if (await grains.GetGrain<IPayloadGrain>("other").Silo() != "other")
        throw new InvalidOperationException("The second silo was lost while it was measured; run again on a quieter machine.");
    await caller.Push("primary", 1 << 20, 20_000, 1);
    rows.Add(new("same silo, 1 MB immutable", 0.003, await BestAsync(() => caller.Push("primary", 1 << 20, 20_000, 1))));
    var held = grains.GetGrain<IPayloadGrain>("other").Hold(60_000);
    await Task.Delay(100);
    var watch = Stopwatch.StartNew();
    other.Kill();
    await held.ContinueWith(_ => { }, TaskScheduler.Default);
    rows.Add(new("SIGKILL noticed by a call in flight", 100, watch.Elapsed.TotalMilliseconds));
}
using (var other = await StartChildAsync("hung"))
{
    var held = grains.GetGrain<IPayloadGrain>("hung").Hold(60_000);
    await Task.Delay(100);
    var watch = Stopwatch.StartNew();
    using (var stop = Process.Start("kill", ["-STOP", other.Id.ToString(CultureInfo.InvariantCulture)]))
        stop.WaitForExit();
    await held.ContinueWith(_ => { }, TaskScheduler.Default);
    rows.Add(new("SIGSTOP noticed by a call in flight", 1000, watch.Elapsed.TotalMilliseconds));
    other.Kill();
}
await host.StopAsync();
foreach (var row in rows)
    Console.WriteLine($"{row.What,-55} asked {row.AskedMilliseconds,9:0.####} ms   measured {row.MeasuredMilliseconds,9:0.####} ms");
if (args is ["--json", var path])
    await File.WriteAllTextAsync(path, JsonSerializer.Serialize(rows, new JsonSerializerOptions { WriteIndented = true }));

async Task<Process> StartChildAsync(string childName)
{
    var child = StartSelf("silo", FreePort(), FreePort(), siloPort, childName);
    while (await child.StandardOutput.ReadLineAsync() is { } line && line != "up")
    {
    }
    return child;
}

static async Task<Row[]> MeasureClientAsync(IClusterClient client)
{
    var grain = client.GetGrain<IPayloadGrain>("primary");
    for (var i = 0; i < 3000; i++)
        await grain.Tiny(i);
    var tiny = await BestAsync(async () =>
    {
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < 3000; i++)
            await grain.Tiny(i);
        return watch.Elapsed.TotalMilliseconds / 3000;
    });
    return [new("tiny call, client to silo", 0.12, tiny)];
}

static async Task<double> BestAsync(Func<Task<double>> measure)
{
    var best = double.MaxValue;
    for (var i = 0; i < 5; i++)
        best = Math.Min(best, await measure());
    return best;
}

static async Task<double> CpuAsync(Process other, Func<Task> work)
{
    using var self = Process.GetCurrentProcess();
    other.Refresh();
    var before = self.TotalProcessorTime + other.TotalProcessorTime;
    await work();
    self.Refresh();
    other.Refresh();
    return (self.TotalProcessorTime + other.TotalProcessorTime - before).TotalMilliseconds;
}

static int FreePort()
{
    using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
    return ((IPEndPoint)socket.LocalEndPoint!).Port;
}

static Process StartSelf(params object[] arguments)
{
    var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, ArgumentList = { "exec", typeof(IPayloadGrain).Assembly.Location } };
    foreach (var argument in arguments)
        start.ArgumentList.Add(Convert.ToString(argument, CultureInfo.InvariantCulture)!);
    return Process.Start(start)!;
}

static async Task<IHost> StartSiloAsync(int siloPort, int gatewayPort, int primaryPort, string name)
{
    var builder = Host.CreateApplicationBuilder();
    builder.Logging.SetMinimumLevel(LogLevel.Error);
    builder.UseOrleans(silo => silo
        .UseLocalhostClustering(siloPort, gatewayPort, new IPEndPoint(IPAddress.Loopback, primaryPort), "bench", "bench")
        .Configure<SiloOptions>(options => options.SiloName = name));
    var host = builder.Build();
    await host.StartAsync();
    return host;
}

static async Task<IHost> StartClientAsync(int gatewayPort)
{
    var builder = Host.CreateApplicationBuilder();
    builder.Logging.SetMinimumLevel(LogLevel.Error);
    builder.UseOrleansClient(client => client.UseLocalhostClustering(gatewayPort, "bench", "bench"));
    var host = builder.Build();
    await host.StartAsync();
    return host;
}

/// <summary>One number that was asked for, and what it is on this machine.</summary>
internal sealed record Row(string What, double AskedMilliseconds, double MeasuredMilliseconds);
