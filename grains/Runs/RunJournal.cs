using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Records;

namespace SslOrleans.Grains.Runs;

/// <summary>The last events of a run, for those who watch it. Watchers ask for what they have not seen.</summary>
internal sealed class RunJournal
{
    private const int Remembered = 2000;

    private readonly Queue<RunEvent> _events = new();
    private TaskCompletionSource _news = New();

    // Counts on from the clock, so that the journal of a run that moved begins behind everything that its watchers have seen.
    private long _sequence = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    /// <summary>Where events that are no steps are kept.</summary>
    public EventLog? Log { get; set; }

    public long LastSequence => _sequence;

    public void Add(RunEventKind kind, long step, string text, string? worker = null, Dictionary<string, double>? values = null)
    {
        var happened = new RunEvent(++_sequence, kind, step, DateTimeOffset.UtcNow, text, worker, values ?? []);
        _events.Enqueue(happened);
        if (kind != RunEventKind.Step)
            Log?.Add(happened);
        if (_events.Count > Remembered)
            _events.Dequeue();
        var news = _news;
        _news = New();
        news.SetResult();
    }

    /// <summary>Events after a sequence number; waits up to <paramref name="patience"/> for the first, but not when none can come any more.</summary>
    public async Task<RunEvent[]> After(long sequence, TimeSpan patience, Task over)
    {
        if (_sequence <= sequence)
            await Task.WhenAny(_news.Task, Task.Delay(patience), over);
        return Since(sequence);
    }

    /// <summary>Those that are there now.</summary>
    public RunEvent[] Since(long sequence) => [.. _events.Skip((int)Math.Clamp(_events.Count - (_sequence - sequence), 0, _events.Count))];

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
