using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Learning.Optim;

/// <summary>Gradient clipping by the global ℓ2 norm.</summary>
public static class Clipping
{
    /// <summary>The factor on the gradient: <c>min(1, c/(‖g‖ + 10⁻⁶))</c>, 1 when clipping is off.</summary>
    public static double Factor(OptimizerRecipe recipe, double norm)
        => recipe.ClipGradientNorm <= 0 ? 1 : Math.Min(1, recipe.ClipGradientNorm / (norm + 1e-6));
}
