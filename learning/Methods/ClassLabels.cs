using SslOrleans.Contracts.Recipes;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>Labels of the data set, for the methods that look at them.</summary>
internal static class ClassLabels
{
    /// <returns>Classes <c>[N]</c> of the micro-batch, as numbers.</returns>
    /// <exception cref="Contracts.UserErrorException">The data set has none, or more classes than <paramref name="classes"/>.</exception>
    public static Tensor Of(Recipe recipe, Views views, Device device, int classes = int.MaxValue)
    {
        if (views.Labels.Count != views[0].shape[0])
            throw Require.Error(recipe, "method", $"is \"{recipe.Method}\"", "bring a data set with labels, or take simclr");
        if (views.Labels.Any(l => l >= classes))
            throw Require.Error(recipe, "loss.classes", $"is {classes}", $"the data set has a class {views.Labels.Max()}; make it {views.Labels.Max() + 1} or more");
        return tensor(views.Labels.Select(l => (float)l).ToArray()).to(device);
    }
}
