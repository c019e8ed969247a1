using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Dashboard;
using Orleans.Metadata;
using SslOrleans.Grains.Placement;
using SslOrleans.Silo.Dashboard.Watching;

namespace SslOrleans.Silo.Dashboard;

/// <summary>
/// Orleans' own dashboard at <see cref="Path"/>: silos, calls, latencies, grain state. Its services are in every silo, whether that silo
/// serves pages or not: they count the silo's calls, and the pages ask every silo for them.
/// </summary>
internal static class OfficialDashboard
{
    public const string Path = "/orleans";

    /// <summary>
    /// Its fonts, and the styles that its charts and diagrams write into the page as they draw. Scripts stay those of its files.
    /// </summary>
    public const string ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void Add(ISiloBuilder silo)
    {
        silo.AddDashboard();

        // By default the first look switches counting on, in the silos that are there then: one that joins later would never count.
        silo.Services.Configure<GrainProfilerOptions>(o => o.TraceAlways = true);
        silo.Services.AddSingleton<IGrainPropertiesProvider, OnParameterSilos>();
    }

    public static void Map(WebApplication app) => app.MapOrleansDashboard(routePrefix: Path).AddEndpointFilter(Check);

    /// <summary>
    /// What its endpoints would do for everybody who may read: wake up any grain to ask for its state, connect to any address as if it
    /// were a silo's, and tell all that is logged. Here they ask the grains and silos that there are, and the log wants the token.
    /// </summary>
    private static async ValueTask<object?> Check(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var services = http.RequestServices;
        switch (((RouteEndpoint)http.GetEndpoint()!).RoutePattern.RawText![Path.Length..])
        {
            case "/Trace" when !services.GetRequiredService<DashboardGuard>().MayRead(http):
                return Results.Json(new { error = "The log needs the dashboard's token; `sslo dashboard --token` prints it." }, statusCode: StatusCodes.Status403Forbidden);
            case "/GrainState":
                var (type, key) = (http.Request.Query["grainType"].ToString(), http.Request.Query["grainId"].ToString());
                await services.GetRequiredService<GrainWatch>().DemandAwake(type[(type.LastIndexOf('.') + 1)..], key);
                break;
            default:
                var silo = http.GetRouteValue("address") ?? (http.Request.Path.StartsWithSegments(Path + "/HistoricalStats") ? http.GetRouteValue("path") : null);
                if (silo is not null && services.GetRequiredService<ISiloStatusOracle>().GetApproximateSiloStatuses(onlyActive: true).Keys.All(s => s.ToParsableString() != (string)silo))
                    throw new NotThereException($"There is no silo {silo}.");
                break;
        }

        return await next(context);
    }

    /// <summary>The grain that remembers the calls of all silos must not die with a worker.</summary>
    private sealed class OnParameterSilos(IServiceProvider services) : IGrainPropertiesProvider
    {
        public void Populate(Type grainClass, GrainType grainType, Dictionary<string, string> properties)
        {
            if (grainClass.Assembly == typeof(DashboardOptions).Assembly)
                new OnParameterSilo().PopulateGrainProperties(services, grainClass, grainType, properties);
        }
    }
}
