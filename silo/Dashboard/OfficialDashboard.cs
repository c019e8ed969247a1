using Microsoft.AspNetCore.Builder;
#if !LIGHT_ACTORS
using Orleans.Dashboard;
#endif
using Orleans.Hosting;

namespace SslOrleans.Silo.Dashboard;

/// <summary>Orleans' own dashboard at /orleans, where the real Orleans runs.</summary>
internal static class OfficialDashboard
{
    public static void Add(ISiloBuilder silo)
    {
#if !LIGHT_ACTORS
        silo.AddDashboard();
#endif
    }

    public static void Map(WebApplication app)
    {
#if !LIGHT_ACTORS
        app.MapOrleansDashboard(routePrefix: "/orleans");
#endif
    }
}
