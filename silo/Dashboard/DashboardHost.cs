using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using SslOrleans.Silo.Dashboard.Endpoints;
using SslOrleans.Silo.Dashboard.Watching;

namespace SslOrleans.Silo.Dashboard;

/// <summary>Puts the dashboard into the silo's own host.</summary>
internal static class DashboardHost
{
    /// <summary>A builder whose host also serves pages.</summary>
    public static WebApplicationBuilder CreateBuilder(DashboardSettings settings)
    {
        // Nothing is read from files or the environment: what a silo does is said by its settings.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = typeof(DashboardHost).Assembly.GetName().Name });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 64 * 1024;
            kestrel.Limits.MaxConcurrentConnections = 500;
            kestrel.Listen(settings.Address, settings.Port);
        });
        if (settings.Listener is { } listener)
            builder.WebHost.UseSockets(sockets => sockets.CreateBoundListenSocket = _ => listener);
        builder.Services.AddRoutingCore();
        builder.Services.ConfigureHttpJsonOptions(o => DashboardJson.Configure(o.SerializerOptions));
        return builder;
    }

    public static void AddServices(IServiceCollection services, DashboardSettings settings, DashboardKey key)
    {
        services.AddSingleton(settings);
        services.AddSingleton(key);
        services.AddSingleton<DashboardGuard>();
        services.AddSingleton<LiveFeed>();
        services.AddSingleton<ClusterWatch>();
        services.AddHostedService(s => s.GetRequiredService<ClusterWatch>());
        services.AddSingleton<GrainWatch>();
        services.AddSingleton<RunFiles>();
        services.AddSingleton<ActionEndpoints.Acting>();
    }

    public static WebApplication Build(WebApplicationBuilder builder)
    {
        var app = builder.Build();
        var guard = app.Services.GetRequiredService<DashboardGuard>();
        app.Use(next => http => guard.Check(http, next));
        app.Use(next => http => Mistakes.Answer(http, next));
        app.UseRouting();
        PageEndpoints.Map(app);
        LiveEndpoints.Map(app);
        RunEndpoints.Map(app);
        GrainEndpoints.Map(app);
        ActionEndpoints.Map(app);
        StandardEndpoints.Map(app);
        OfficialDashboard.Map(app);
        app.UseEndpoints(_ => { });
        return app;
    }
}
