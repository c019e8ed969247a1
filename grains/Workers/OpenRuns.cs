using System.Collections.Concurrent;

namespace SslOrleans.Grains.Workers;

/// <summary>The runs that this silo's workers have replicas for, those that are over included.</summary>
public sealed class OpenRuns
{
    private readonly ConcurrentDictionary<(string Worker, string Run), bool> _open = new();

    /// <summary>Each once.</summary>
    public IReadOnlyCollection<string> Names => [.. _open.Keys.Select(k => k.Run).Distinct()];

    public void Begin(string worker, string run) => _open[(worker, run)] = true;

    /// <summary>The worker has left every run.</summary>
    public void End(string worker)
    {
        foreach (var open in _open.Keys.Where(k => k.Worker == worker))
            _open.TryRemove(open, out _);
    }
}
