using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Silo.Dashboard.Watching;

namespace SslOrleans.Silo.Dashboard.Endpoints;

/// <summary>What other programs ask: has it started, is it alive, is it ready, its numbers.</summary>
internal static class StandardEndpoints
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/health/startup", (ISiloStatusOracle silos) => silos.CurrentStatus is SiloStatus.Created or SiloStatus.Joining
            ? Results.Text($"starting: the silo is {silos.CurrentStatus}\n", statusCode: StatusCodes.Status503ServiceUnavailable)
            : Results.Text("started\n"));
        app.MapGet("/health/live", (ISiloStatusOracle silos) => silos.CurrentStatus is SiloStatus.Dead
            ? Results.Text("dead: the others gave this silo up\n", statusCode: StatusCodes.Status503ServiceUnavailable)
            : Results.Text("alive\n"));
        app.MapGet("/health/ready", Ready);
        app.MapGet("/metrics", async (ClusterWatch cluster, GrainWatch grains) =>
            Results.Text(PrometheusText.Write(await cluster.State(), await grains.State()), "text/plain; version=0.0.4; charset=utf-8"));
    }

    /// <summary>Ready when the grains that every run needs answer: they read the storage.</summary>
    private static async Task<IResult> Ready(ISiloStatusOracle silos, IGrainFactory grains)
    {
        if (silos.CurrentStatus != SiloStatus.Active)
            return NotReady($"the silo is {silos.CurrentStatus}");
        try
        {
            await grains.GetGrain<IWorkerPoolGrain>(IWorkerPoolGrain.Key).Live().WaitAsync(s_patience);
            await grains.GetGrain<IRunCatalogGrain>(IRunCatalogGrain.Key).List().WaitAsync(s_patience);
            return Results.Text("ready\n");
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or UserErrorException || e.GetType().Namespace?.StartsWith("SslOrleans", StringComparison.Ordinal) == true)
        {
            return NotReady(e.Message);
        }
    }

    private static IResult NotReady(string why) => Results.Text($"not ready: {why}\n", statusCode: StatusCodes.Status503ServiceUnavailable);
}
