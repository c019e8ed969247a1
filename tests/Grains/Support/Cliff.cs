using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Methods;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Tests.Grains.Support;

/// <summary>A method whose loss stays finite while its gradient becomes NaN at one step, as behind a square root at 0.</summary>
[Method("cliff", Family = "test", Inventory = "none", Paper = "none")]
internal sealed class Cliff(Recipe recipe) : IMethod
{
    /// <summary>The step; −1: none.</summary>
    public static long At { get; set; } = -1;

    public bool Coupled => false;

    public Networks Build() => BuildNetworks.Student(recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => new()
    {
        { "z1", networks.Student.call(views[0]) },
        { "z2", networks.Student.call(views[1]) },
    };

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var (z1, z2) = (embeddings["z1"], embeddings["z2"]);
        var loss = (functional.normalize(z1, dim: 1) - functional.normalize(z2, dim: 1)).square().sum(1).mean();
        return step.Step == At ? loss + (0 * z1).square().sum().sqrt() : loss;
    }
}
