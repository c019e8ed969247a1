using System.IO.Hashing;
using System.Numerics;
using System.Runtime.InteropServices;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Optim;

namespace SslOrleans.Learning.Training;

/// <summary>
/// A slice of the flat vector with its optimiser state: what a commit changes. Plain floats; needs no libtorch.
/// </summary>
public sealed class SliceState
{
    /// <summary>Share of the step's batch statistic in a running statistic, as in PyTorch's batch norm.</summary>
    private const float StatisticMomentum = 0.1f;

    private readonly Recipe _recipe;
    private readonly IOptimizer _optimizer;
    private readonly float[][] _state;

    /// <param name="recipe">The run's recipe.</param>
    /// <param name="slice">Which tensors.</param>
    /// <param name="initial">Their initial values, copied.</param>
    public SliceState(Recipe recipe, LayoutSlice slice, ReadOnlySpan<float> initial)
    {
        if (initial.Length != slice.Length)
            throw new ArgumentException($"Slice {slice.Index} has {slice.Length} elements, got {initial.Length}.", nameof(initial));
        _recipe = recipe;
        Slice = slice;
        _optimizer = slice.IsProbe ? new Sgd(OnlineProbe.Momentum) : Optimizers.Create(recipe.Optimizer);
        Parameters = initial.ToArray();
        _state = [.. _optimizer.State.Select(_ => new float[slice.Length])];
    }

    public LayoutSlice Slice { get; }

    /// <summary>Commits that are in <see cref="Parameters"/>.</summary>
    public long Version { get; private set; }

    /// <summary>Student parameters and running statistics.</summary>
    public float[] Parameters { get; private set; }

    /// <summary>Optimiser state by name, at the same offsets.</summary>
    public IEnumerable<(string Name, float[] Values)> OptimizerState => _optimizer.State.Zip(_state);

    /// <summary>Applies the summed gradient of a step; done once per step, whatever arrives twice.</summary>
    /// <param name="schedule">What the schedules say.</param>
    /// <param name="gradient">Sum over micro-batches of their shares of the gradient and of the batch statistics; used as scratch.</param>
    /// <param name="clip">Factor on the gradient from global-norm clipping; 1 when nothing is clipped.</param>
    /// <returns>False when the step was applied before.</returns>
    /// <exception cref="InvalidOperationException">A step was left out.</exception>
    public bool Apply(StepSchedule schedule, Span<float> gradient, double clip)
    {
        if (schedule.Step < Version)
            return false;
        if (schedule.Step > Version)
            throw new InvalidOperationException($"Slice {Slice.Index} is at version {Version} and cannot apply step {schedule.Step}.");
        var tensorState = new Memory<float>[_state.Length];
        foreach (var entry in Slice.Entries)
        {
            var at = entry.Offset - Slice.Offset;
            var p = Parameters.AsSpan(at, entry.Length);
            var g = gradient.Slice(at, entry.Length);
            switch (entry.Kind)
            {
                case TensorKind.Trained or TensorKind.Probe when schedule.IsStill:
                    break;
                case TensorKind.Trained:
                    if (clip != 1)
                        Scale(g, (float)clip);
                    for (var s = 0; s < _state.Length; s++)
                        tensorState[s] = _state[s].AsMemory(at, entry.Length);
                    _optimizer.Step(p, g, tensorState, Size(entry, schedule));
                    break;
                case TensorKind.Probe:
                    for (var s = 0; s < _state.Length; s++)
                        tensorState[s] = _state[s].AsMemory(at, entry.Length);
                    _optimizer.Step(p, g, tensorState, OnlineProbe.Size(_recipe, schedule));
                    break;
                case TensorKind.Statistic:
                    for (var i = 0; i < p.Length; i++)
                        p[i] += StatisticMomentum * (g[i] - p[i]);
                    break;
            }
        }

        Version = schedule.Step + 1;
        return true;
    }

    /// <summary>Σ g² over the trained tensors, in fixed order: this slice's part of the global gradient norm.</summary>
    public double GradientSquares(ReadOnlySpan<float> gradient)
    {
        var sum = 0.0;
        foreach (var entry in Slice.Entries.Where(e => e.Kind == TensorKind.Trained))
            sum += FixedOrder.SumOfSquares(gradient.Slice(entry.Offset - Slice.Offset, entry.Length));
        return sum;
    }

    /// <summary>max |g| over the trained tensors (K16).</summary>
    public float GradientMaximum(ReadOnlySpan<float> gradient)
    {
        var max = 0f;
        foreach (var entry in Slice.Entries.Where(e => e.Kind == TensorKind.Trained))
            max = MathF.Max(max, FixedOrder.MaxAbsolute(gradient.Slice(entry.Offset - Slice.Offset, entry.Length)));
        return max;
    }

    /// <summary>XXH128 of the parameters' bytes.</summary>
    public UInt128 Hash() => XxHash128.HashToUInt128(MemoryMarshal.AsBytes(Parameters.AsSpan()));

    /// <summary>Puts a checkpoint back.</summary>
    public void Restore(long version, float[] parameters, IReadOnlyDictionary<string, float[]> optimizer)
    {
        if (parameters.Length != Parameters.Length)
            throw new InvalidDataException($"The checkpoint of slice {Slice.Index} does not fit the recipe.");
        Parameters = parameters;
        for (var s = 0; s < _state.Length; s++)
            optimizer[_optimizer.State[s]].CopyTo(_state[s], 0);
        Version = version;
    }

    private StepSize Size(TensorEntry entry, StepSchedule schedule)
    {
        var o = _recipe.Optimizer;
        var excluded = entry.IsBiasOrNorm && o.ExcludeBiasAndNorm;
        var head = entry.Group switch
        {
            "projector" => _recipe.Projector,
            "predictor" => _recipe.Predictor,
            _ => null,
        };
        var rate = (head is { ConstantLearningRate: true } ? schedule.BaseRate : schedule.LearningRate)
            * (head?.LearningRateFactor ?? 1)
            * (entry.IsBiasOrNorm ? o.BiasAndNormFactor : 1)
            * LayerDecay.Factor(entry.Name, _recipe.Backbone, o.LayerDecay);
        return new StepSize(schedule.Step - schedule.StillSteps, (float)rate, excluded ? 0 : (float)schedule.WeightDecay, !excluded);
    }

    private static void Scale(Span<float> x, float factor)
    {
        var i = 0;
        for (; i <= x.Length - Vector<float>.Count; i += Vector<float>.Count)
            (new Vector<float>(x[i..]) * factor).CopyTo(x[i..]);
        for (; i < x.Length; i++)
            x[i] *= factor;
    }
}
