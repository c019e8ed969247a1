using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Silo.Dashboard.Watching;

namespace SslOrleans.Silo.Dashboard.Endpoints;

/// <summary>What changes something. <see cref="DashboardGuard"/> lets only holders of the token come here.</summary>
internal static class ActionEndpoints
{
    /// <summary>A stop ends with the step under way, which may take longer than a browser waits.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/api/session", (HttpContext http, DashboardGuard guard, DashboardKey key, DashboardSettings settings) => new
        {
            MayAct = guard.Session(http) is not null,
            MayRead = settings.IsLoopback || guard.MayRead(http),
            Guard = guard.Session(http) is { } session ? key.CrossSiteGuard(session) : null,
        });
        app.MapPost("/api/session", OpenSession);
        app.MapPost("/api/session/end", (HttpContext http, DashboardGuard guard) => guard.Close(http));
        app.MapPost("/api/runs/{run}/pause", (string run, Acting act) => act.On(run, "pause", g => g.Pause()));
        app.MapPost("/api/runs/{run}/continue", (string run, Acting act) => act.Continue(run));
        app.MapPost("/api/runs/{run}/stop", (string run, Acting act) => act.On(run, "stop", g => g.Stop()));
        app.MapPost("/api/runs/{run}/checkpoint", (string run, Acting act) => act.On(run, "checkpoint", g => g.Checkpoint()));
        app.MapPost("/api/workers/{**worker}", (string worker, Acting act) => act.Remove(worker));
    }

    private static async Task<IResult> OpenSession(HttpContext http, DashboardGuard guard, DashboardKey key, Presented presented)
    {
        if (!key.IsToken(presented.Token?.Trim()))
        {
            // A guess costs a second; the token has 256 bits.
            await Task.Delay(TimeSpan.FromSeconds(1), http.RequestAborted);
            return Results.Json(new { error = "This is not the dashboard's token; `sslo dashboard --token` prints it." }, statusCode: StatusCodes.Status403Forbidden);
        }

        return Results.Json(new { MayAct = true, MayRead = true, Guard = key.CrossSiteGuard(guard.Open(http)) }, DashboardJson.Options);
    }

    private sealed record Presented(string? Token);

    /// <summary>Carries actions out and logs them.</summary>
    internal sealed class Acting(IGrainFactory grains, ClusterWatch cluster, RunFiles files, ILogger<Acting> log)
    {
        public async Task<object> On(string run, string verb, Func<ITrainingRunGrain, Task> action)
        {
            if (!(await cluster.State()).Runs.Any(r => r.Run == run))
                throw new NotThereException($"Run {run} is not in memory, so there is nothing to {verb}.");
            log.LogWarning("Dashboard: {Verb} run {Run}", verb, run);
            return await Finish(action(grains.GetGrain<ITrainingRunGrain>(run)), verb);
        }

        /// <summary>Goes on after a pause, and takes up a run that was stopped.</summary>
        public async Task<object> Continue(string run)
        {
            var status = (await cluster.State()).Runs.FirstOrDefault(r => r.Run == run);
            if (status is { Phase: RunPhase.Paused })
                return await On(run, "continue", g => g.Continue());
            var request = await files.Resumption(run);
            log.LogWarning("Dashboard: resume run {Run}", run);
            return await Finish(grains.GetGrain<ITrainingRunGrain>(run).Start(request), "resume");
        }

        public async Task<object> Remove(string worker)
        {
            var live = await grains.GetGrain<IWorkerPoolGrain>(IWorkerPoolGrain.Key).Live();
            if (live.All(w => w.Name != worker))
                throw new NotThereException($"There is no worker {worker}; there are {string.Join(", ", live.Select(w => w.Name))}.");
            log.LogWarning("Dashboard: remove worker {Worker}", worker);
            return await Finish(grains.GetGrain<IWorkerGrain>(worker).Leave(), "remove");
        }

        private static async Task<object> Finish(Task action, string verb)
        {
            await Task.WhenAny(action, Task.Delay(s_patience));
            if (action.IsCompleted)
                await action;
            return new { Action = verb, Done = action.IsCompleted };
        }
    }
}
