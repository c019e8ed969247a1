using Microsoft.AspNetCore.Builder;
using Orleans.Dashboard;
using Orleans.Hosting;

namespace SslOrleans.Silo.Dashboard;

/// <summary>Orleans' own dashboard at /orleans, where the real Orleans runs.</summary>
internal static class OfficialDashboard
{
    public static void Add(ISiloBuilder silo)
    {
        silo.AddDashboard();
    }

    public static void Map(WebApplication app)
    {
        app.MapOrleansDashboard(routePrefix: "/orleans");
    }
}
