using System.Diagnostics;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Grains.Steps;

/// <summary>Where the time of a step went, seconds.</summary>
/// <param name="Work">What the workers told, added up over them.</param>
/// <param name="Couple">The loss on the whole effective batch, with the way there and back.</param>
/// <param name="Straggler">How much longer the slowest worker computed than the mean one, in each phase: the others waited for it.</param>
internal readonly record struct StepTimes(WorkTimes Work, double Couple, double Straggler);

/// <summary>Takes the time of a step's phases.</summary>
internal sealed class StepClock
{
    private readonly List<double> _computing = [];
    private WorkTimes _work;
    private long _encoded;
    private double _couple;
    private double _straggler;

    public StepTimes Times => new(_work, _couple, _straggler);

    /// <summary>A worker's answer in the phase that goes on.</summary>
    public void Count(WorkTimes t)
    {
        _work = new WorkTimes(_work.Pull + t.Pull, _work.DataWait + t.DataWait, _work.Forward + t.Forward, _work.Backward + t.Backward, _work.Push + t.Push);
        _computing.Add(t.DataWait + t.Forward + t.Backward);
    }

    /// <summary>All embeddings are here.</summary>
    public void Encoded()
    {
        EndPhase();
        _encoded = Stopwatch.GetTimestamp();
    }

    public void Coupled() => _couple = Stopwatch.GetElapsedTime(_encoded).TotalSeconds;

    /// <summary>All gradients are here.</summary>
    public void Computed() => EndPhase();

    private void EndPhase()
    {
        if (_computing.Count > 0)
            _straggler += _computing.Max() - _computing.Average();
        _computing.Clear();
    }
}
