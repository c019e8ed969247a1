using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Orleans.Hosting;

/// <summary>Registers a silo's services.</summary>
internal static class SiloServices
{
    public static void Add(IServiceCollection services, IConfiguration configuration, Action<ISiloBuilder> configure)
    {
        if (services.All(service => service.ServiceType != typeof(SiloNode)))
        {
            services.AddOptions().AddLogging();
            services.AddSingleton<SiloNode>();
            services.AddSingleton<IGrainFactory>(provider => provider.GetRequiredService<SiloNode>());
            services.AddSingleton<IClusterClient>(provider => provider.GetRequiredService<SiloNode>());
            services.AddSingleton<ILocalSiloDetails>(provider => provider.GetRequiredService<SiloNode>());
            services.AddSingleton<ISiloStatusOracle>(provider => provider.GetRequiredService<SiloNode>().Membership);
            services.AddSingleton<ISiloMetadataCache>(provider => provider.GetRequiredService<SiloNode>().Membership);
            services.AddHostedService<SiloHostedService>();
        }
        configure(new SiloBuilder(services, configuration));
    }
}

/// <summary>Registers a client's services.</summary>
internal static class ClientServices
{
    public static void Add(IServiceCollection services, IConfiguration configuration, Action<IClientBuilder> configure)
    {
        if (services.All(service => service.ServiceType != typeof(ClientNode)))
        {
            services.AddOptions().AddLogging();
            services.AddSingleton<ClientNode>();
            services.AddSingleton<IGrainFactory>(provider => provider.GetRequiredService<ClientNode>());
            services.AddSingleton<IClusterClient>(provider => provider.GetRequiredService<ClientNode>());
            services.AddHostedService<ClientHostedService>();
        }
        configure(new ClientBuilder(services, configuration));
    }
}

internal sealed class SiloHostedService(SiloNode silo, IEnumerable<StartupTask> startupTasks) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await silo.StartAsync(cancellationToken);
        foreach (var task in startupTasks)
            await task.Run(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => silo.StopAsync(cancellationToken);
}

internal sealed class ClientHostedService(ClientNode client) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => client.StartAsync(cancellationToken);

    public async Task StopAsync(CancellationToken cancellationToken) => await client.DisposeAsync();
}
