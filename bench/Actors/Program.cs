using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using SslOrleans.Bench.Actors;

// Measures calls between processes on this machine: this one is the primary silo, a second is a silo, a third a client.
switch (args)
{
    case ["silo", var silo, var gateway, var primary, var name]:
        var child = await Hosts.StartSiloAsync(int.Parse(silo), int.Parse(gateway), int.Parse(primary), name);
        // Its own grain, bound here before others ask for it.
        await child.Services.GetRequiredService<IGrainFactory>().GetGrain<IPayloadGrain>(name).Silo();
        Console.WriteLine("up");
        await child.WaitForShutdownAsync();
        return 0;
    case ["client", var gatewayPort]:
        var client = await Hosts.StartClientAsync(int.Parse(gatewayPort));
        Console.WriteLine(JsonSerializer.Serialize(await Measurements.FromClientAsync(client.Services.GetRequiredService<IClusterClient>())));
        await client.StopAsync();
        return 0;
    case []:
    case ["--json"]:
        break;
    default:
        await Console.Error.WriteLineAsync($"sslo: bench actors takes only --json, not \"{string.Join(' ', args)}\".");
        return 2;
}

try
{
    var rows = await Measurements.RunAsync();
    if (args is ["--json"])
    {
        Console.WriteLine(JsonSerializer.Serialize(new { what = "calls between processes of this machine", rows }, JsonSerializerOptions.Web));
        return 0;
    }
    Console.WriteLine($"{"",-55} {"Orleans",12} {"here",12}");
    foreach (var row in rows)
        Console.WriteLine(FormattableString.Invariant($"{row.What,-55} {row.OrleansMilliseconds,9:0.####} ms {row.Milliseconds,9:0.####} ms"));
    Console.WriteLine("Orleans: measured on two cores of such a machine with Microsoft.Orleans 10.4 over loopback.");
    return 0;
}
catch (LostSiloException lost)
{
    await Console.Error.WriteLineAsync($"sslo: {lost.Message}");
    return 1;
}
