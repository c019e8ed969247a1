using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Methods;

namespace SslOrleans.Learning.Training;

/// <summary>Gives a teacher that never changes its weights: those of the recipe's file, or random ones.</summary>
internal static class FrozenTeachers
{
    /// <summary>Random teachers are drawn from another seed than the student.</summary>
    private const ulong SeedOffset = 0x9E3779B97F4A7C15;

    /// <returns>What was taken from the file, in words; null without a file.</returns>
    /// <exception cref="UserErrorException">The file is not there, or lacks something.</exception>
    public static string? Fill(Recipe recipe, Networks networks)
    {
        if (networks.Frozen is not { } frozen)
            return null;
        frozen.eval();
        foreach (var parameter in frozen.parameters())
            parameter.requires_grad = false;
        if (StartWeights.OfTeacher(recipe) is not { } weights)
        {
            Initialization.Reset(frozen, unchecked(recipe.Seed + SeedOffset));
            return null;
        }

        var binding = new TensorBinding(new Networks(frozen), 1);
        var flat = binding.Read();
        var note = weights.Fill(binding.Layout.Entries, flat, whole: true);
        binding.Write(flat, []);
        return note;
    }
}
