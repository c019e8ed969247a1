using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Serialization;
using SslOrleans.Grains.Placement;
using SslOrleans.Silo;

namespace SslOrleans.Tests.Facts;

/// <summary>Silos of this process as the product configures them, with <see cref="FactGrain"/> in them.</summary>
public sealed class FactSilos : IDisposable
{
    private readonly List<IHost> _hosts = [];

    public string Folder { get; } = Directory.CreateTempSubdirectory("sslo-facts-").FullName;

    /// <summary>Starts one more.</summary>
    public async Task<IHost> Start(string name, TimeSpan? collectionAge = null)
    {
        var host = SiloHost.Build(
            new SiloSettings { Name = name, Roles = Roles.Parameters, Workers = 0, Storage = Folder },
            services =>
            {
                services.AddSerializer(s => s.AddAssembly(typeof(FactGrain).Assembly));
                if (collectionAge is { } age)
                    services.Configure<GrainCollectionOptions>(o => (o.CollectionQuantum, o.CollectionAge) = (0.5 * age, age));
            });
        await host.StartAsync();
        _hosts.Add(host);
        return host;
    }

    public void Dispose()
    {
        foreach (var host in Enumerable.Reverse(_hosts))
        {
            host.StopAsync(TimeSpan.FromSeconds(5)).GetAwaiter().GetResult();
            host.Dispose();
        }

        Directory.Delete(Folder, recursive: true);
    }
}

internal static class HostGrains
{
    public static IGrainFactory Grains(this IHost host) => host.Services.GetRequiredService<IGrainFactory>();

    /// <summary>The grain on the silo of this name.</summary>
    public static IFactGrain On(this IHost host, string silo) => host.Grains().GetGrain<IFactGrain>($"{silo}/{Guid.NewGuid():N}");
}
