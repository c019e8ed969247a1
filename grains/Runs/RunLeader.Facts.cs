using SslOrleans.Contracts.Messages;

namespace SslOrleans.Grains.Runs;

/// <summary>What people are told of a run.</summary>
internal sealed partial class RunLeader
{
    public RunFacts Facts() => new(
        _phase,
        _recipe.Method,
        _step,
        _plan?.TotalSteps ?? 0,
        _plan is null ? 0 : (double)_plan.FirstPosition(_step) / _plan.Samples,
        _step > 0 && float.IsFinite(_meters.Loss) ? _meters.Loss : null,
        _hash,
        _checkpoints is { Last: >= 0 and var last } ? last : null,
        [.. _roster.All.Where(w => !w.Gone).Select(w => $"{w.Name} ({(w.Ready ? w.Busy ? "computing" : "ready" : "preparing")})")],
        _copies,
        WaitsFor());

    private string WaitsFor()
    {
        if (_message.Length > 0 || _phase is not (RunPhase.Training or RunPhase.Recovering))
            return _message;
        var busy = _roster.All.Where(w => w is { Gone: false, Busy: true }).Select(w => w.Name).ToList();
        return busy.Count > 0 ? $"step {_step}: micro-batches of {string.Join(", ", busy)}" : $"step {_step}: its commit";
    }
}
