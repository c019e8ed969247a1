using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using Orleans;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Grains.Meters;

/// <summary>Counts and times the calls of the grains of this silo: two clock readings and four additions a call.</summary>
public sealed class CallMeters : IIncomingGrainCallFilter
{
    private readonly ConcurrentDictionary<(Type Grain, MethodInfo Method), Counter> _counters = new();

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        var counter = _counters.GetOrAdd((context.Grain.GetType(), context.InterfaceMethod), static _ => new Counter());
        var started = Stopwatch.GetTimestamp();
        var failed = true;
        try
        {
            await context.Invoke();
            failed = false;
        }
        finally
        {
            counter.Add(Stopwatch.GetTimestamp() - started, failed);
        }
    }

    /// <summary>What was counted; the longest call of each method begins anew.</summary>
    public CallMeter[] Read() =>
    [
        .. _counters
            .Where(c => c.Key.Grain.Namespace?.StartsWith("SslOrleans", StringComparison.Ordinal) == true)
            .Select(c => c.Value.Read(c.Key.Grain.Name, c.Key.Method.Name))
            .OrderBy(c => c.Grain, StringComparer.Ordinal).ThenBy(c => c.Method, StringComparer.Ordinal),
    ];

    private sealed class Counter
    {
        private long _calls;
        private long _failures;
        private long _ticks;
        private long _maximum;

        public void Add(long ticks, bool failed)
        {
            Interlocked.Increment(ref _calls);
            if (failed)
                Interlocked.Increment(ref _failures);
            Interlocked.Add(ref _ticks, ticks);
            if (ticks > Volatile.Read(ref _maximum))
                Volatile.Write(ref _maximum, ticks);
        }

        public CallMeter Read(string grain, string method) => new(
            grain,
            method,
            Volatile.Read(ref _calls),
            Volatile.Read(ref _failures),
            Seconds(Volatile.Read(ref _ticks)),
            Seconds(Interlocked.Exchange(ref _maximum, 0)));

        private static double Seconds(long ticks) => (double)ticks / Stopwatch.Frequency;
    }
}
