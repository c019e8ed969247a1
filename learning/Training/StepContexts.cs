using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Methods;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Training;

/// <summary>Contexts for a step, the same wherever they are made.</summary>
public static class StepContexts
{
    public static StepContext Create(Recipe recipe, RunPlan plan, long step, IReadOnlyList<long> samples, Device device) => new()
    {
        Seed = recipe.Seed,
        Step = step,
        TotalSteps = plan.TotalSteps,
        Epoch = plan.Epoch(step),
        SampleIds = samples,
        EffectiveBatch = plan.EffectiveBatch,
        Device = device,
    };
}
