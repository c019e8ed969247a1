using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;

namespace SslOrleans.Bench.Actors;

/// <summary>Silos and clients, in this process and in others.</summary>
internal static class Hosts
{
    public static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public static async Task<IHost> StartSiloAsync(int siloPort, int gatewayPort, int primaryPort, string name)
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

    public static async Task<IHost> StartClientAsync(int gatewayPort)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        builder.UseOrleansClient(client => client.UseLocalhostClustering(gatewayPort, "bench", "bench"));
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    public static ChildProcess StartClient(int gatewayPort) => new(StartSelf("client", gatewayPort));

    public static async Task<ChildProcess> StartSiloProcessAsync(int primaryPort, string name)
    {
        var child = new ChildProcess(StartSelf("silo", FreePort(), FreePort(), primaryPort, name));
        try
        {
            while (await child.ReadLineAsync() != "up")
            {
            }
            return child;
        }
        catch
        {
            child.Dispose();
            throw;
        }
    }

    private static Process StartSelf(params object[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, ArgumentList = { "exec", typeof(IPayloadGrain).Assembly.Location } };
        foreach (var argument in arguments)
            start.ArgumentList.Add(Convert.ToString(argument, CultureInfo.InvariantCulture)!);
        return Process.Start(start)!;
    }
}

/// <summary>A process that does not outlive its owner's interest in it, however that ends.</summary>
internal sealed class ChildProcess(Process process) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    public TimeSpan ProcessorTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <exception cref="LostSiloException">It ended, or says nothing.</exception>
    public async Task<string> ReadLineAsync()
    {
        try
        {
            return await process.StandardOutput.ReadLineAsync().WaitAsync(Patience)
                ?? throw new LostSiloException("A process that was started for the measurement ended before it was ready.");
        }
        catch (TimeoutException)
        {
            throw new LostSiloException($"A process that was started for the measurement said nothing for {Patience.TotalSeconds} s.");
        }
    }

    public void Kill() => process.Kill();

    public void Hang()
    {
        using var stop = Process.Start("kill", ["-STOP", process.Id.ToString(CultureInfo.InvariantCulture)]);
        stop.WaitForExit();
    }

    public void Dispose()
    {
        // SIGKILL also ends a process that is stopped.
        if (!process.HasExited)
            process.Kill();
        process.WaitForExit();
        process.Dispose();
    }
}

/// <summary>The other side is gone, so there is nothing to measure.</summary>
internal sealed class LostSiloException(string message) : Exception(message);
