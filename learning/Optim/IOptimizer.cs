using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Learning.Optim;

/// <summary>What the schedules say for one tensor at one step.</summary>
/// <param name="Step">Step, from 0.</param>
/// <param name="LearningRate">After scaling, schedule and group factors.</param>
/// <param name="WeightDecay">0 where excluded.</param>
/// <param name="Adapt">LARS only: take the layer-wise rate.</param>
public readonly record struct StepSize(long Step, float LearningRate, float WeightDecay, bool Adapt);

/// <summary>
/// An optimiser on plain spans, one whole tensor at a time. It runs where the parameter slice lives and needs no libtorch.
/// Every operation is element-wise or in a fixed order, so its bits are those of the inputs.
/// </summary>
public interface IOptimizer
{
    /// <summary>Vectors of state per parameter, in the order in which <see cref="Step"/> takes them.</summary>
    IReadOnlyList<string> State { get; }

    /// <summary>One update of one tensor.</summary>
    /// <param name="parameter">Updated in place.</param>
    /// <param name="gradient">Used as scratch.</param>
    /// <param name="state">The tensor's part of each vector of <see cref="State"/>.</param>
    /// <param name="size">What the schedules say.</param>
    void Step(Span<float> parameter, Span<float> gradient, ReadOnlySpan<Memory<float>> state, StepSize size);
}

/// <summary>The optimiser that a recipe names.</summary>
public static class Optimizers
{
    public static IOptimizer Create(OptimizerRecipe recipe) => recipe.Name switch
    {
        "sgd" => new Sgd((float)recipe.Momentum),
        "lars" => new Lars((float)recipe.Momentum, recipe.TrustCoefficient, recipe.ClipTrust),
        "adamw" => new AdamW(recipe.Beta1, recipe.Beta2, recipe.Epsilon),
        _ => throw new ArgumentException($"Unknown optimiser {recipe.Name}.", nameof(recipe)),
    };
}
