using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Optim;

/// <summary>Schedules as pure functions of the committed step; none knows a loader or a worker.</summary>
public static class Schedules
{
    /// <summary>
    /// The base rate for an effective batch (cookbook §3.4 and §3.8.2): K01 <c>lr·B/256</c>, or K02, whose printed form
    /// <c>lr·√B/256</c> and meant form <c>lr·√(B/256)</c> are both selectable.
    /// </summary>
    public static double Scale(OptimizerRecipe recipe, int effectiveBatch) => recipe.Scaling switch
    {
        "linear" => recipe.LearningRate * effectiveBatch / 256.0,
        "sqrt" => recipe.LearningRate * Math.Sqrt(effectiveBatch / 256.0),
        "sqrt-printed" => recipe.LearningRate * Math.Sqrt(effectiveBatch) / 256.0,
        "none" => recipe.LearningRate,
        _ => throw new ArgumentException($"Unknown scaling {recipe.Scaling}.", nameof(recipe)),
    };

    /// <summary>Steps of linear warm-up.</summary>
    public static long WarmupSteps(ScheduleRecipe recipe, long totalSteps, double stepsPerEpoch)
        => recipe.WarmupSteps > 0 ? recipe.WarmupSteps
            : recipe.WarmupFraction > 0 ? (long)(recipe.WarmupFraction * totalSteps)
            : (long)Math.Round(recipe.WarmupEpochs * stepsPerEpoch);

    /// <summary>
    /// Factor on the base rate at a step: linear warm-up from <c>warmupStart</c> at step 0 to 1 at the step behind its last (K06), then
    /// <c>final + (1−final)·½(1+cos π(t−w)/(T−w))</c> (K08).
    /// </summary>
    public static double Factor(ScheduleRecipe recipe, long step, long totalSteps, long warmup)
    {
        if (step < warmup)
            return recipe.WarmupStart + ((1 - recipe.WarmupStart) * step / warmup);
        return recipe.Decay == "constant" ? 1 : Cosine(1, recipe.Final, step - warmup, totalSteps - warmup);
    }

    /// <summary>From <paramref name="start"/> at step 0 towards <paramref name="end"/> at step <paramref name="total"/>, by half a cosine.</summary>
    public static double Cosine(double start, double end, long step, long total)
        => total <= 0 ? end : end + ((start - end) * 0.5 * (1 + PortableMath.SinCosDegrees(180.0 * Math.Min(step, total) / total).Cos));

    /// <summary>Teacher momentum ξ at a step: constant, or a cosine from the first to the last step (K20).</summary>
    public static double TeacherMomentum(TeacherRecipe recipe, long step, long totalSteps)
        => recipe.Momentum == recipe.FinalMomentum ? recipe.Momentum : Cosine(recipe.Momentum, recipe.FinalMomentum, step, totalSteps);

    /// <summary>Weight decay at a step.</summary>
    public static double WeightDecay(OptimizerRecipe recipe, long step, long totalSteps)
        => recipe.FinalWeightDecay < 0 ? recipe.WeightDecay : Cosine(recipe.WeightDecay, recipe.FinalWeightDecay, step, totalSteps);
}
