using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>Shape and initial content of a named state.</summary>
/// <param name="Name">As in <c>queue</c>; the key in checkpoints.</param>
/// <param name="Kind">How it advances.</param>
/// <param name="Shape">Rows first; −1 rows in a bank stand for the number of samples.</param>
/// <param name="Initial">What it starts from.</param>
public sealed record StateSpec(string Name, StateKind Kind, IReadOnlyList<long> Shape, StateInitial Initial = StateInitial.Zero)
{
    /// <summary>The shape with a data set of so many samples.</summary>
    public long[] ShapeFor(long samples) => [Shape[0] < 0 ? samples : Shape[0], .. Shape.Skip(1)];
}

/// <summary>What a state starts from.</summary>
public enum StateInitial
{
    Zero,

    /// <summary>Rows drawn from a normal distribution and ℓ2-normalised, counted by row.</summary>
    UnitRows,
}

/// <summary>The state as tensors on the worker's device, read by <see cref="IMethod.Loss"/>.</summary>
public sealed class MethodState(IReadOnlyDictionary<string, Tensor> tensors) : IDisposable
{
    public static MethodState Empty { get; } = new(new Dictionary<string, Tensor>());

    public Tensor this[string name] => tensors.TryGetValue(name, out var tensor)
        ? tensor
        : throw new KeyNotFoundException($"No state \"{name}\"; declare it in the method's State.");

    /// <summary>The tensors live until <see cref="Dispose"/>, whatever scope they were made in.</summary>
    public MethodState DetachFromDisposeScope()
    {
        foreach (var tensor in tensors.Values)
            tensor.DetachFromDisposeScope();
        return this;
    }

    public void Dispose()
    {
        foreach (var tensor in tensors.Values)
            tensor.Dispose();
    }
}

/// <summary>What a step changes in one named state.</summary>
/// <param name="Name">The state.</param>
/// <param name="Values">Rows to append (queue), to write (bank), or the whole new value; row-major.</param>
/// <param name="SampleIds">Bank only: the row numbers.</param>
public sealed record StateChange(string Name, float[] Values, long[]? SampleIds = null);

/// <summary>All changes of a step.</summary>
public sealed record StateUpdate(IReadOnlyList<StateChange> Changes)
{
    public static StateUpdate None { get; } = new([]);

    /// <summary>One change, from the values of a tensor.</summary>
    public static StateUpdate Of(string name, Tensor values, long[]? sampleIds = null) => new([Change(name, values, sampleIds)]);

    /// <summary>A change from the values of a tensor on any device.</summary>
    public static StateChange Change(string name, Tensor values, long[]? sampleIds = null)
    {
        using var single = values.detach().to(ScalarType.Float32);
        return new StateChange(name, single.Values<float>(), sampleIds);
    }
}
