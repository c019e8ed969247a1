using Microsoft.AspNetCore.Http;
using SslOrleans.Contracts;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Silo.Dashboard;

/// <summary>There is no such run, worker or grain (any more).</summary>
internal sealed class NotThereException(string message) : Exception(message);

/// <summary>Turns what goes wrong into a status and one sentence.</summary>
internal static class Mistakes
{
    public static async Task Answer(HttpContext http, RequestDelegate next)
    {
        try
        {
            await next(http);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The browser went away.
        }
        catch (Exception e) when (!http.Response.HasStarted && Status(e) is { } status)
        {
            http.Response.StatusCode = status;
            await http.Response.WriteAsJsonAsync(new { error = e.Message });
        }
    }

    private static int? Status(Exception e) => e switch
    {
        NotThereException => StatusCodes.Status404NotFound,
        UserErrorException or LedgerException => StatusCodes.Status409Conflict,
        BadHttpRequestException bad => bad.StatusCode,
        StorageUnavailableException or OrleansException or TimeoutException => StatusCodes.Status503ServiceUnavailable,
        _ => null,
    };
}
