using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using SslOrleans.Silo.Dashboard.Watching;

namespace SslOrleans.Silo.Dashboard.Endpoints;

/// <summary>Server-sent events: <c>/api/live?topic=run:NAME&amp;topic=leases:NAME&amp;topic=grains</c>; the state comes always.</summary>
internal static class LiveEndpoints
{
    private const int MostTopics = 16;
    private static readonly TimeSpan s_heartbeat = TimeSpan.FromSeconds(5);

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/api/live", Live);
        app.MapGet("/api/state", (ClusterWatch cluster) => cluster.State());
    }

    private static async Task Live(HttpContext http, LiveFeed feed, ClusterWatch cluster, IHostApplicationLifetime host)
    {
        // A silo that stops must not wait for its readers.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, host.ApplicationStopping);
        var response = http.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        string[] topics = [.. http.Request.Query["topic"].OfType<string>().Take(MostTopics)];
        using var page = feed.Subscribe(["state", .. topics]);
        try
        {
            await response.Body.WriteAsync("retry: 1000\n\n"u8.ToArray(), ending.Token);
            await response.Body.WriteAsync(LiveFeed.Bytes("state", await cluster.State()), ending.Token);
            foreach (var topic in topics)
            {
                if (await cluster.Latest(topic) is { } latest)
                    await response.Body.WriteAsync(LiveFeed.Bytes("news", latest), ending.Token);
            }

            await response.Body.FlushAsync(ending.Token);
            while (true)
            {
                using var quiet = CancellationTokenSource.CreateLinkedTokenSource(ending.Token);
                quiet.CancelAfter(s_heartbeat);
                try
                {
                    await page.Messages.WaitToReadAsync(quiet.Token);
                }
                catch (OperationCanceledException) when (!ending.IsCancellationRequested)
                {
                    await response.Body.WriteAsync(": still here\n\n"u8.ToArray(), ending.Token);
                }

                if (page.TakeLost())
                    await response.Body.WriteAsync(LiveFeed.Bytes("reload", new { }), ending.Token);
                while (page.Messages.TryRead(out var message))
                    await response.Body.WriteAsync(message, ending.Token);
                await response.Body.FlushAsync(ending.Token);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }
}
