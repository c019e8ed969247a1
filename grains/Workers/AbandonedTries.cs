namespace SslOrleans.Grains.Workers;

/// <summary>The last tries at steps that the run has no use for any more.</summary>
internal sealed class AbandonedTries
{
    /// <summary>Those of before have ended long since.</summary>
    private const int Remembered = 16;

    private readonly Queue<long> _attempts = new();

    public void Add(long attempt)
    {
        if (_attempts.Count == Remembered)
            _attempts.Dequeue();
        _attempts.Enqueue(attempt);
    }

    public bool Contains(long attempt) => _attempts.Contains(attempt);
}
