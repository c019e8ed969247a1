using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Methods;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Tests.Grains.Support;

/// <summary>A method whose loss on the effective batch is wrong the first time that it is computed at one step, as by a processor that errs once.</summary>
[Method("glitch", Family = "test", Inventory = "none", Paper = "none")]
internal sealed class Glitch(Recipe recipe) : IMethod
{
    private static int s_errs;

    /// <summary>The step; −1: none.</summary>
    public static long At { get; set; } = -1;

    public bool Coupled => true;

    public Networks Build() => BuildNetworks.Student(recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => new()
    {
        { "z1", networks.Student.call(views[0]) },
        { "z2", networks.Student.call(views[1]) },
    };

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var loss = (functional.normalize(embeddings["z1"], dim: 1) - functional.normalize(embeddings["z2"], dim: 1)).square().sum(1).mean();
        return step.Step == At && Interlocked.Increment(ref s_errs) == 1 ? loss * 1.001f : loss;
    }
}
