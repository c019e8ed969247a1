using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// The bank of the embeddings that every image had last, looked at as a whole behind the last step of an epoch: what DeepCluster and PCL cluster and
/// SeLa labels between two epochs.
/// </summary>
internal sealed class EpochBank
{
    private readonly MethodState _state;
    private readonly StepContext _step;
    private readonly string _name;

    /// <param name="state">Has the bank <c>[samples, D]</c>.</param>
    /// <param name="rows">The batch's rows of it <c>[N, D]</c>, in sample order.</param>
    /// <param name="step">The step that is behind us.</param>
    /// <param name="name">The bank's name.</param>
    public EpochBank(MethodState state, float[] rows, StepContext step, string name = "bank")
        => (_state, Rows, _step, _name) = (state, new StateChange(name, rows, [.. step.SampleIds]), step, name);

    /// <summary>The batch's rows, as a change of the bank.</summary>
    public StateChange Rows { get; }

    /// <summary>D.</summary>
    public int Width => (int)_state[_name].shape[1];

    /// <summary>Images in the data set.</summary>
    public int Samples => (int)_state[_name].shape[0];

    /// <summary>The epoch of the step that comes.</summary>
    public long Next => (_step.Step + 1) * _step.EffectiveBatch / Samples;

    /// <summary>An epoch ends here that the state <paramref name="done"/> <c>[1]</c>, the last epoch that was seen to, does not know of.</summary>
    public bool IsDue(string done) => Next > _state[done].cpu().item<float>();

    /// <summary>The whole bank with the batch's rows in it, row-major.</summary>
    public float[] Whole()
    {
        var bank = _state[_name].Values<float>();
        for (var i = 0; i < _step.SampleIds.Count; i++)
            Rows.Values.AsSpan(i * Width, Width).CopyTo(bank.AsSpan((int)_step.SampleIds[i] * Width));
        return bank;
    }

    /// <summary>A number for every image, as a change of a bank <c>[samples, 1]</c>.</summary>
    public StateChange OfAll(string name, int[] values)
        => new(name, Array.ConvertAll(values, v => (float)v), [.. Enumerable.Range(0, Samples).Select(i => (long)i)]);
}
