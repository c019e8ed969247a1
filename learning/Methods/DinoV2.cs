using SslOrleans.Contracts.Recipes;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// DINOv2's objective: iBOT's two terms plus KoLeo on the student's features of the two large views, their sum, each taken within the
/// micro-batch as the authors take it within a device. Embeddings as iBOT's, and <c>f1</c>, <c>f2</c> <c>[N, F]</c>, the student's features.
/// </summary>
[Method("dinov2", MoreViews = true, Masked = 2, Family = "self-distillation", Inventory = "M047",
    Paper = "Oquab et al., DINOv2: Learning Robust Visual Features without Supervision, 2023")]
public sealed class DinoV2 : IMethod
{
    private readonly Ibot _ibot;
    private readonly Options _options;

    public DinoV2(Recipe recipe)
    {
        _options = MethodCatalog.Options<Options>(recipe);
        _ibot = new Ibot(recipe, _options);
        Require.BatchOfTwo(recipe);
        Require.NotNegative(recipe, "loss.koLeo", _options.KoLeo);
    }

    public sealed record Options : Ibot.Options
    {
        /// <summary>Weight of KoLeo, which is summed over the two large views as the authors sum it.</summary>
        public double KoLeo { get; init; } = 0.1;
    }

    public bool Coupled => false;

    public IReadOnlyList<StateSpec> State => _ibot.State;

    public IReadOnlyList<string> Carried => _ibot.Carried;

    public Networks Build() => _ibot.Build();

    public Embeddings Encode(Networks networks, Views views, StepContext step) => _ibot.Encode(networks, views, step, features: true);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var spread = Losses.KoLeo.Loss(embeddings["f1"]) + Losses.KoLeo.Loss(embeddings["f2"]);
        step.Report("koLeo", spread);
        return _ibot.Loss(embeddings, state, step) + (_options.KoLeo * spread);
    }

    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step) => _ibot.Advance(state, carried, step);
}
