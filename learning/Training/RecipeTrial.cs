using SslOrleans.Learning.Numerics;
using System.Runtime.InteropServices;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Methods;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Training;

/// <summary>
/// Builds what a recipe describes and runs a few images of zeros through it, on this process's CPU: what no worker could do is known
/// before one is asked.
/// </summary>
public static class RecipeTrial
{
    private const int Images = 2;

    /// <summary>Networks with more parameters are built, and run by the workers only.</summary>
    private const long MostParameters = 50_000_000;

    /// <returns>The recipe's method, and what is taken of the weights that it names, in words.</returns>
    /// <exception cref="UserErrorException">No worker can run the recipe.</exception>
    public static (IMethod Method, string? Start) Run(Recipe recipe)
    {
        var method = MethodCatalog.Create(recipe);
        StateUpdateSize.Check(recipe, StateUpdateSize.Of(method.State, recipe.Batch.Effective));
        if (recipe.Data.Limit > 0)
            MethodCatalog.CheckSamples(recipe, method, recipe.Data.Limit);

        // Left so: a silo of this process, which may start meanwhile, sets the same.
        ThreadCount.Set(recipe.Workers.ThreadsPerWorker);
        using var scope = NewDisposeScope();
        try
        {
            using var networks = method.Build();
            var teacher = FrozenTeachers.Fill(recipe, networks);
            if (networks.Student.parameters().Sum(p => p.numel()) <= MostParameters)
                Encode(recipe, method, networks);
            return (method, StartWeights.Together(Start(recipe, networks), teacher));
        }
        catch (ExternalException e)
        {
            throw new UserErrorException(
                $"{recipe.Name}: {recipe.Method} on {recipe.Backbone.Name} does not take views of {string.Join(", ", recipe.Views.Where(v => v.Kind == ViewKind.Image).Select(v => $"{v.Crop.Size}×{v.Crop.Size}"))} pixels: "
                + $"{e.Message.Split('\n')[0].TrimEnd('.')}; change views.*.crop.size, backbone or projector.", e);
        }
    }

    private static string? Start(Recipe recipe, Networks networks)
    {
        if (StartWeights.Of(recipe) is not { } weights)
            return null;
        var layout = new TensorBinding(networks, recipe.Workers.Slices).Layout;
        return weights.Fill(layout.Entries, new float[layout.Length]);
    }

    private static void Encode(Recipe recipe, IMethod method, Networks networks)
    {
        var ids = Enumerable.Range(0, Images).Select(i => (long)i).ToArray();
        var step = new StepContext { Seed = recipe.Seed, Step = 0, TotalSteps = 1, EffectiveBatch = recipe.Batch.Effective, Device = CPU, SampleIds = ids };
        using var frozen = no_grad();
        networks.Student.train();
        networks.Teacher?.train();
        networks.Student.Backbone.BeginMicroBatch(recipe.Seed, 0, ids);
        _ = method.Encode(networks, BlankViews.Of(recipe, Images), step);
    }
}
