using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Silo.Dashboard.Watching;

namespace SslOrleans.Silo.Dashboard.Endpoints;

/// <summary>Runs and what their files say.</summary>
internal static class RunEndpoints
{
    private const int UsualPoints = 1200;
    private const int MostPoints = 20_000;

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/api/runs", List);
        app.MapGet("/api/runs/{run}/curves", Curves);
        app.MapGet("/api/runs/{run}/recipe", (string run, RunFiles files) => files.RecipeRows(run));
        app.MapGet("/api/runs/{run}/events", (string run, RunFiles files) => files.Events(run));
        app.MapGet("/api/runs/{run}/ledger", (string run, RunFiles files) => files.Audit(run));
        app.MapGet("/api/runs/{run}/leases", Leases);
        app.MapGet("/api/runs/{run}/pictures", (string run, RunFiles files) => files.Pictures(run));
        app.MapGet("/api/runs/{run}/pictures/{**name}", Picture);
    }

    private static async Task<object> List(RunFiles files, ClusterWatch cluster)
    {
        var active = (await cluster.State()).Runs.Select(r => r.Run).ToHashSet();
        var stored = new List<StoredRun>();
        var broken = new List<object>();
        foreach (var run in await files.Names())
        {
            try
            {
                stored.Add(await files.Stored(run));
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // Being deleted, or damaged: the other runs are shown all the same.
                broken.Add(new { run, problem = e.Message });
            }
        }

        return new { Runs = stored, Active = active, Broken = broken };
    }

    /// <summary>?name=loss&amp;name=knn&amp;from=0&amp;to=999&amp;points=1000; without names, all.</summary>
    private static async Task<object> Curves(string run, RunFiles files, string[]? name, long? from, long? to, int? points)
    {
        var curves = await files.Curves(run);
        var most = Math.Clamp(points ?? UsualPoints, 16, MostPoints);
        var names = curves.Names;
        return new
        {
            Run = run,
            Names = names,
            Curves = (name is { Length: > 0 } ? name : names).Distinct().ToDictionary(n => n, n => curves.Get(n, from ?? 0, to ?? long.MaxValue, most)),
        };
    }

    private static async Task<RunLeases> Leases(string run, ClusterWatch cluster, IGrainFactory grains)
        => (await cluster.State()).Runs.Any(r => r.Run == run)
            ? await grains.GetGrain<ITrainingRunGrain>(run).Leases(-1)
            : new RunLeases(DateTimeOffset.UtcNow, 0, []);

    private static async Task<IResult> Picture(string run, string name, RunFiles files, HttpContext http)
    {
        var content = await files.Picture(run, name);

        // A picture may be anybody's: nothing in it may run.
        http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
        http.Response.Headers.CacheControl = "no-cache";
        return Results.Bytes(content, Path.GetExtension(name) switch { ".svg" => "image/svg+xml", ".png" => "image/png", _ => "image/jpeg" });
    }
}
