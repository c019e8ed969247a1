using SslOrleans.Learning.Numerics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Placement;
using Orleans.Runtime.MembershipService.SiloMetadata;
using SslOrleans.Contracts.Grains;
using SslOrleans.Grains.Devices;
using SslOrleans.Grains.Lifelines;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Grains.Transfer;
using SslOrleans.Grains.Workers;
using SslOrleans.Silo.Dashboard;
using SslOrleans.Silo.Lifelines;
using SslOrleans.Silo.Logging;

namespace SslOrleans.Silo;

/// <summary>A silo of this project: grains, storage, and the workers that its role says.</summary>
public static class SiloHost
{
    private static readonly TimeSpan s_often = TimeSpan.FromMilliseconds(50);

    /// <summary>Builds the host; starting it joins the cluster and puts its workers into the pool.</summary>
    /// <param name="settings">How it is started.</param>
    /// <param name="replace">Puts other services in the place of these, a storage that fails for a test say.</param>
    public static IHost Build(SiloSettings settings, Action<IServiceCollection>? replace = null)
    {
        settings = WithPorts(settings);
        ThreadCount.Set(settings.ThreadsPerWorker);
        var signer = LedgerSigner.Open(settings.SigningKey, settings.Storage);
        IHostApplicationBuilder builder = settings.Dashboard is { } dashboard
            ? DashboardHost.CreateBuilder(dashboard)
            : Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        ConsoleLines.AddTo(builder.Logging, settings.HostLog);
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton<IHostLifetime, SignalsElsewhere>();
        builder.Services.AddSingleton<Joining>();
        builder.Services.AddSingleton<SiloEnd>().AddSingleton<IFatalErrorHandler>(s => s.GetRequiredService<SiloEnd>());
        builder.Services.AddSingleton(_ => RunStorage.Open(settings.Storage));
        builder.Services.AddSingleton<IWorkerEnvironment, WorkerEnvironment>();
        builder.Services.AddSingleton(_ => signer);
        builder.Services.AddSingleton<ParameterSilos>();
        builder.Services.AddSingleton<OpenRuns>();
        builder.Services.AddSingleton<PayloadStore>();
        var lifeline = LifelineListener.Open(settings.Cluster.ListensEverywhere ? IPAddress.Any : settings.Cluster.Advertised, settings.Cluster.LifelinePort);
        builder.Services.AddSingleton(_ => lifeline);

        // Before the silo, and so stopped after it: a silo that leaves in order keeps its lifelines to the end.
        builder.Services.AddSingleton<LifelineWatch>();
        builder.Services.AddSingleton<ILifelines>(s => s.GetRequiredService<LifelineWatch>());
        builder.Services.AddHostedService(s => s.GetRequiredService<LifelineWatch>());
        replace?.Invoke(builder.Services);
        builder.UseOrleans(silo =>
        {
            Clustering.Configure(silo, settings);
            silo.Configure<SiloOptions>(o => o.SiloName = settings.Name);
            silo.UseSiloMetadata(SiloLabels.Of(settings, lifeline.Port));
            silo.Services.AddPlacementFilter<OnParameterSilo, OnParameterSiloDirector>(ServiceLifetime.Singleton);
            silo.Services.AddPlacementFilter<OnBestParameterSilo, OnBestParameterSiloDirector>(ServiceLifetime.Singleton);
            silo.Services.AddPlacementFilter<OnNamedSilo, OnNamedSiloDirector>(ServiceLifetime.Singleton);
            OfficialDashboard.Add(silo);
            if (Telemetry.IsOn)
                Telemetry.AddTo(silo, builder.Configuration, settings.Name);
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
        while (!metadata.GetSiloMetadata(self).Metadata.ContainsKey(Roles.Key))
            await Task.Delay(s_often, cancellation);
        var (grains, joining) = (services.GetRequiredService<IGrainFactory>(), services.GetRequiredService<Joining>());
        foreach (var worker in Draining.Workers(settings))
        {
            joining.WaitsFor = $"worker {worker} to be registered";
            await Join(grains.GetGrain<IWorkerGrain>(worker));
        }

        async Task Join(IWorkerGrain worker)
        {
            while (true)
            {
                try
                {
                    await worker.Join().WaitAsync(cancellation);
                    return;
                }
                catch (Exception e) when (e is OrleansException or TimeoutException)
                {
                    // The pool's silo may have died just now, or no silo that may hold the pool may be there yet.
                    joining.WaitsFor = $"worker {worker.GetPrimaryKeyString()} to be registered ({e.GetType().Name}: {e.Message.Split('\n')[0]})";
                    await Task.Delay(s_often, cancellation);
                }
            }
        }
    }
}
