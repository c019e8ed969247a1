using System.Collections.Concurrent;

namespace SslOrleans.Silo.Dashboard.Watching;

/// <summary>Results that all pages share: made once, at most by one at a time, and again when they are too old. Failures are not kept.</summary>
internal sealed class Shared<TKey, TValue>(TimeSpan age)
    where TKey : notnull
{
    private const int MostKept = 1000;

    private readonly ConcurrentDictionary<TKey, (Task<TValue> Value, long At)> _made = new();
    private readonly Lock _gate = new();

    public Task<TValue> Get(TKey key, Func<Task<TValue>> make)
    {
        lock (_gate)
        {
            if (_made.TryGetValue(key, out var known)
                && (!known.Value.IsCompleted || (known.Value.IsCompletedSuccessfully && Environment.TickCount64 - known.At < age.TotalMilliseconds)))
            {
                return known.Value;
            }

            if (_made.Count >= MostKept)
                _made.Clear();
            var value = Task.Run(make);
            _made[key] = (value, Environment.TickCount64);
            return value;
        }
    }
}
