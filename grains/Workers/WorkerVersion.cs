using SslOrleans.Grains.Transfer;
using SslOrleans.Learning.Methods;
using static TorchSharp.torch;

namespace SslOrleans.Grains.Workers;

/// <summary>The version that a worker's networks are at, with the method's state on the device.</summary>
internal sealed class WorkerVersion(WorkerModel model, IGrainFactory grains, PayloadStore payloads)
{
    private readonly ParameterReplica _parameters = new(model.Run.Run, model.Plan, model.Replica.Layout, model.Method.State, grains, payloads);
    private (long Version, long Attempt) _loaded = (-1, 0);
    private MethodState? _state;

    /// <summary>Brings networks and state to a version.</summary>
    /// <param name="version">Committed steps.</param>
    /// <param name="attempt">The try at the next step.</param>
    /// <param name="drop">Drops what was computed with another version; on the lane.</param>
    /// <returns>False when they are there already.</returns>
    public async Task<bool> BringTo(long version, long attempt, Action drop)
    {
        // Where bits are compared, the first try's values may be what was wrong with it.
        var asked = (version, model.Replica.Recipe.Workers.Verify > 0 ? attempt : 0);
        await _parameters.BringTo(version, anew: _loaded != asked);
        if (_loaded == asked)
            return false;
        await model.Lane.Run(() =>
        {
            drop();
            model.Replica.Load(_parameters.Parameters, _parameters.Teacher);
            DropState();
        });
        _loaded = asked;
        return true;
    }

    /// <summary>The method's state on the device, made once per version; on the lane.</summary>
    public MethodState State()
    {
        if (_state is not null)
            return _state;
        using var scope = NewDisposeScope();
        return _state = model.Replica.ToTensors(_parameters.Stores).DetachFromDisposeScope();
    }

    /// <summary>On the lane.</summary>
    public void DropState()
    {
        _state?.Dispose();
        _state = null;
    }
}
