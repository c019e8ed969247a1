using Microsoft.Extensions.Hosting;

namespace SslOrleans.Conformance;

/// <summary>A silo as a process of its own: ports of silo, gateway and primary, cluster id, name, role.</summary>
public static class Program
{
    public static async Task Main(string[] args)
    {
        var ports = new SiloPorts(int.Parse(args[0]), int.Parse(args[1]), int.Parse(args[2]), args[3]);
        var host = Cluster.BuildSilo(ports, args[4], new() { ["role"] = args[5] });
        await host.StartAsync();
        Console.WriteLine("up");
        await host.WaitForShutdownAsync();
    }
}
