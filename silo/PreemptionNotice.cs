using System.Net.Http.Json;
using System.Text.Json.Serialization;

namespace SslOrleans.Silo;

/// <summary>
/// Asks the cloud whether this machine is about to be taken away (Azure Scheduled Events), so that its micro-batches are
/// handed back while there is still time. A machine without such an address is simply never told.
/// </summary>
/// <param name="metadata">Root of the instance metadata: http://169.254.169.254/metadata on Azure.</param>
public sealed class PreemptionNotice(Uri metadata) : IDisposable
{
    private const string Version = "api-version=2020-07-01";
    private static readonly TimeSpan s_often = TimeSpan.FromSeconds(1);

    // A restart ends this process as surely as the end of the machine; a freeze does not.
    private static readonly HashSet<string> s_ends = ["Preempt", "Terminate", "Redeploy", "Reboot"];

    // Never through a proxy: the address belongs to the machine itself.
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false })
    {
        DefaultRequestHeaders = { { "Metadata", "true" } },
        Timeout = TimeSpan.FromSeconds(5),
    };

    /// <summary>Returns when an event is announced that will end this machine.</summary>
    /// <returns>The kind of the event and its id, which <see cref="ApproveAsync"/> takes.</returns>
    public async Task<(string Kind, string Id)> WaitAsync(CancellationToken cancellation)
    {
        string? self = null;
        while (true)
        {
            try
            {
                self ??= (await _http.GetStringAsync(new Uri($"{metadata}/instance/compute/name?{Version}&format=text"), cancellation)).Trim();
                var events = await _http.GetFromJsonAsync<Document>(new Uri($"{metadata}/scheduledevents?{Version}"), cancellation);
                if (events?.Events.FirstOrDefault(e => s_ends.Contains(e.EventType) && e.Resources.Contains(self, StringComparer.OrdinalIgnoreCase)) is { } end)
                    return (end.EventType, end.EventId);
            }
            catch (Exception e) when (e is HttpRequestException or System.Text.Json.JsonException || (e is TaskCanceledException && !cancellation.IsCancellationRequested))
            {
                // No notice is no reason to stop: the address is slow at first and absent elsewhere.
            }

            await Task.Delay(s_often, cancellation);
        }
    }

    /// <summary>Says that this machine may go now, so that the cloud need not wait for its deadline.</summary>
    public async Task ApproveAsync(string id, CancellationToken cancellation)
    {
        using var answer = await _http.PostAsJsonAsync(new Uri($"{metadata}/scheduledevents?{Version}"), new { StartRequests = new[] { new { EventId = id } } }, (System.Text.Json.JsonSerializerOptions?)null, cancellation);
    }

    public void Dispose() => _http.Dispose();

    private sealed record Document([property: JsonPropertyName("Events")] IReadOnlyList<Announced> Events);

    private sealed record Announced(
        [property: JsonPropertyName("EventId")] string EventId,
        [property: JsonPropertyName("EventType")] string EventType,
        [property: JsonPropertyName("Resources")] IReadOnlyList<string> Resources);
}
