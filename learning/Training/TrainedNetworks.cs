using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Methods;
using TorchSharp;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Training;

/// <summary>A method's networks as a replica trains them.</summary>
internal static class TrainedNetworks
{
    /// <summary>Batch norm is over the effective batch.</summary>
    public static bool MeetInBatchNorm(Recipe recipe) => recipe.Backbone.BatchNorm == "sync";

    /// <summary>Built, initialised by the recipe's seed, on the device, in training mode; teachers have no gradient, and one that does not change has its weights.</summary>
    /// <returns>The networks, and in words what a teacher's file gave; null without one.</returns>
    public static (Networks Networks, string? Note) Of(Recipe recipe, IMethod method, Device device)
    {
        var networks = method.Build();
        Initialization.Reset(networks.Student, recipe.Seed);
        networks.Student.to(device);
        networks.Student.train();
        if (networks.Teacher is { } teacher)
        {
            if (recipe.Teacher.Scope == "projector")
                teacher.SeeThrough(networks.Student);
            teacher.to(device);
            teacher.train();
            foreach (var parameter in teacher.parameters())
                parameter.requires_grad = false;
        }

        var note = FrozenTeachers.Fill(recipe, networks);
        networks.Frozen?.to(device);
        foreach (var branch in new[] { networks.Student, networks.Teacher, networks.Frozen }.OfType<Branch>())
        {
            if (recipe.Workers.Precision == WorkersRecipe.BFloat16)
                BFloat16Compute.Apply(branch, device);
            if (!MeetInBatchNorm(recipe) || branch == networks.Frozen)
                continue;
            foreach (var layer in branch.modules().OfType<BatchNorm>())
                layer.Statistics = new EffectiveBatchStatistics();
        }

        return (networks, note);
    }
}
