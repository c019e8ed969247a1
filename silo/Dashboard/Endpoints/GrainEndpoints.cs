using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using SslOrleans.Silo.Dashboard.Watching;

namespace SslOrleans.Silo.Dashboard.Endpoints;

/// <summary>Silos, activations, and what one grain holds.</summary>
internal static class GrainEndpoints
{
    public static void Map(IEndpointRouteBuilder app)
    {
        // All pages that look at the same grain ask it once in two seconds: a norm is a pass over the slice.
        var states = new Shared<(string Type, string Key), object?>(TimeSpan.FromSeconds(2));
        app.MapGet("/api/grains", (GrainWatch watch) => watch.State());
        app.MapGet("/api/grain", async (string type, string key, GrainWatch watch, IGrainFactory grains) =>
        {
            await watch.DemandAwake(type, key);
            return new { type, key, State = await states.Get((type, key), () => GrainReader.Read(grains, type, key)) };
        });
    }
}
