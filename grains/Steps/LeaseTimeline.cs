using System.Diagnostics;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Grains.Steps;

/// <summary>The last leases of a run, for those who watch it. Its clock starts at the wall's and never goes back.</summary>
internal sealed class LeaseTimeline
{
    private const int Remembered = 4096;

    private readonly DateTimeOffset _start = DateTimeOffset.UtcNow;
    private readonly long _ticks = Stopwatch.GetTimestamp();
    private readonly Queue<Mark> _marks = new();
    private long _last;
    private long _change;

    public DateTimeOffset Now => _start + Stopwatch.GetElapsedTime(_ticks);

    public Mark Begin(long step, string worker, MicroBatchRange[] leaves, bool second)
    {
        var mark = new Mark(this, new LeaseSpan(++_last, ++_change, step, worker, [.. leaves.Select(l => l.ToString())], second, Now, null, null, null, LeaseOutcome.Open));
        _marks.Enqueue(mark);
        if (_marks.Count > Remembered)
            _marks.Dequeue();
        return mark;
    }

    /// <summary>What has changed since; everything when the number is not from this life.</summary>
    public RunLeases After(long change)
        => new(Now, _change, [.. _marks.Select(m => m.Span).Where(s => change > _change || s.Change > change)]);

    /// <summary>One lease on its way.</summary>
    internal sealed class Mark(LeaseTimeline timeline, LeaseSpan span)
    {
        public LeaseSpan Span { get; private set; } = span;

        public void Encoded() => Change(Span with { Encoded = timeline.Now });

        public void Resumed() => Change(Span with { Resumed = timeline.Now });

        public void End(LeaseOutcome outcome)
        {
            if (Span.Outcome == LeaseOutcome.Open)
                Change(Span with { End = timeline.Now, Outcome = outcome });
        }

        private void Change(LeaseSpan now) => Span = now with { Change = ++timeline._change };
    }
}
