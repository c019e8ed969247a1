using System.Text;
using System.Text.Json;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Grains.Records;

/// <summary>
/// <c>events.jsonl</c>: who joined, left, was killed, what was restored. To look at: a storage that does not take a line
/// holds nobody up, and the line goes with the next one.
/// </summary>
public sealed class EventLog(IRunStorage storage, string run)
{
    public const string FileName = "events.jsonl";

    /// <summary>Lines that are kept for a storage that is away.</summary>
    private const int Patience = 10_000;

    private readonly Lock _gate = new();
    private readonly List<string> _waiting = [];
    private JsonLines? _file;
    private Task _writing = Task.CompletedTask;

    /// <summary>Takes an event and returns at once.</summary>
    public void Add(RunEvent e)
    {
        lock (_gate)
        {
            if (_waiting.Count < Patience)
                _waiting.Add(JsonSerializer.Serialize(e, JsonLines.Options));
            if (_writing.IsCompleted)
                _writing = Task.Run(Write);
        }
    }

    /// <summary>Returns when what was taken is written, or could not be.</summary>
    public Task Flush()
    {
        lock (_gate)
            return _writing;
    }

    /// <summary>All events of a run in the order in which they were written; lines that are no events are left out.</summary>
    public static async Task<IReadOnlyList<RunEvent>> Read(IRunStorage storage, string run, CancellationToken cancellation = default)
    {
        var events = new List<RunEvent>();
        foreach (var line in JsonLines.Split(await storage.Read($"{run}/{FileName}", cancellation) ?? []).Lines)
        {
            try
            {
                if (JsonSerializer.Deserialize<RunEvent>(line.Span, JsonLines.Options) is { Text: not null } e)
                    events.Add(e);
            }
            catch (JsonException)
            {
                // Nothing depends on it.
            }
        }

        return events;
    }

    private async Task Write()
    {
        while (true)
        {
            string[] lines;
            lock (_gate)
            {
                lines = [.. _waiting];
                if (lines.Length == 0)
                {
                    _writing = Task.CompletedTask;
                    return;
                }
            }

            try
            {
                _file ??= (await JsonLines.Open(storage, $"{run}/{FileName}")).File;
                await _file.Append(Encoding.UTF8.GetBytes(string.Concat(lines.Select(l => l + "\n"))));
            }
            catch (Exception e) when (e is StorageUnavailableException or StorageConflictException)
            {
                _file = null;
                return;
            }

            lock (_gate)
                _waiting.RemoveRange(0, lines.Length);
        }
    }
}
