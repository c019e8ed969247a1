using SslOrleans.Contracts.Messages;

namespace SslOrleans.Grains.Runs;

/// <summary>The last events of a run, for those who watch it. Watchers ask for what they have not seen.</summary>
internal sealed class RunJournal
{
    private const int Remembered = 2000;

    private readonly Queue<RunEvent> _events = new();
    private TaskCompletionSource _news = New();
    private long _sequence;

    public void Add(string kind, long step, string text, string? worker = null, Dictionary<string, double>? values = null)
    {
        _events.Enqueue(new RunEvent(++_sequence, kind, step, DateTimeOffset.UtcNow, text, worker, values ?? []));
        if (_events.Count > Remembered)
            _events.Dequeue();
        var news = _news;
        _news = New();
        news.SetResult();
    }

    /// <summary>Events after a sequence number; waits up to <paramref name="patience"/> for the first.</summary>
    public async Task<RunEvent[]> After(long sequence, TimeSpan patience)
    {
        if (_sequence <= sequence)
            await Task.WhenAny(_news.Task, Task.Delay(patience));
        return [.. _events.Where(e => e.Sequence > sequence)];
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
