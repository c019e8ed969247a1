using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;
using SslOrleans.Contracts.Grains;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Storage;
using SslOrleans.Grains.Workers;
using SslOrleans.Silo.Dashboard;
using TorchSharp;

namespace SslOrleans.Silo;

/// <summary>A silo of this project: grains, storage, and the workers that its role says.</summary>
public static class SiloHost
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_often = TimeSpan.FromMilliseconds(50);

    /// <summary>Builds the host; starting it joins the cluster and puts its workers into the pool.</summary>
    /// <param name="settings">How it is started.</param>
    /// <param name="replace">Puts other services in the place of these, a storage that fails for a test say.</param>
    public static IHost Build(SiloSettings settings, Action<IServiceCollection>? replace = null)
    {
        settings = WithPorts(settings);
        torch.set_num_threads(settings.ThreadsPerWorker);
        IHostApplicationBuilder builder = settings.Dashboard is { } dashboard
            ? DashboardHost.CreateBuilder(dashboard)
            : Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Orleans", settings.HostLog).AddSimpleConsole(o => o.SingleLine = true);

        // Standard output belongs to the command, which may be printing JSON.
        builder.Services.Configure<ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton<IHostLifetime, SignalsElsewhere>();
        builder.Services.AddSingleton(_ => RunStorage.Open(settings.Storage));
        builder.Services.AddSingleton<IWorkerEnvironment, WorkerEnvironment>();
        builder.Services.AddSingleton<ParameterSilos>();
        replace?.Invoke(builder.Services);
        builder.UseOrleans(silo =>
        {
            Clustering.Configure(silo, settings);
            silo.Configure<SiloOptions>(o => o.SiloName = settings.Name);
            silo.UseSiloMetadata(SiloLabels.Of(settings));
            silo.Services.AddPlacementFilter<OnParameterSilo, OnParameterSiloDirector>(ServiceLifetime.Singleton);
            silo.Services.AddPlacementFilter<OnBestParameterSilo, OnBestParameterSiloDirector>(ServiceLifetime.Singleton);
            silo.Services.AddPlacementFilter<OnNamedSilo, OnNamedSiloDirector>(ServiceLifetime.Singleton);
            OfficialDashboard.Add(silo);
            silo.AddStartupTask((services, cancellation) => JoinWorkers(services, settings, cancellation));
        });
        if (builder is not WebApplicationBuilder web)
            return ((HostApplicationBuilder)builder).Build();
        var key = DashboardKey.FindOrMake(settings.Storage);
        key.Save(settings.Storage, settings.Dashboard!.Port);
        DashboardHost.AddServices(builder.Services, settings.Dashboard, key);
        return DashboardHost.Build(web);
    }

    /// <summary>The settings with free ports where none is set.</summary>
    public static SiloSettings WithPorts(SiloSettings settings) => settings with
    {
        SiloPort = settings.SiloPort > 0 ? settings.SiloPort : FreePorts.Find(),
        GatewayPort = settings.GatewayPort > 0 ? settings.GatewayPort : FreePorts.Find(),
        Dashboard = settings.Dashboard?.WithPort(DashboardKey.Find(settings.Storage)?.Port ?? 0),
    };

    private static async Task JoinWorkers(IServiceProvider services, SiloSettings settings, CancellationToken cancellation)
    {
        // Orleans learns the roles of silos, its own included, a moment after it has become active; until then no grain that
        // follows roles finds a place.
        var (metadata, self) = (services.GetRequiredService<ISiloMetadataCache>(), services.GetRequiredService<ILocalSiloDetails>().SiloAddress);
        var until = DateTime.UtcNow + s_patience;
        while (!metadata.GetSiloMetadata(self).Metadata.ContainsKey(Roles.Key) && DateTime.UtcNow < until)
            await Task.Delay(s_often, cancellation);
        var grains = services.GetRequiredService<IGrainFactory>();
        foreach (var worker in Draining.Workers(settings))
            await Join(grains.GetGrain<IWorkerGrain>(worker));

        async Task Join(IWorkerGrain worker)
        {
            while (true)
            {
                try
                {
                    await worker.Join();
                    return;
                }
                catch (OrleansException) when (DateTime.UtcNow < until)
                {
                    await Task.Delay(s_often, cancellation);
                }
            }
        }
    }
}
