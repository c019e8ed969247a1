using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// MoCo v3: predictions of the student against the EMA teacher's keys of the other view over the whole effective batch;
/// no queue. One batch per view (K17). Embeddings <c>q1</c>, <c>q2</c>, <c>key1</c>, <c>key2</c> <c>[N, D]</c>.
/// </summary>
[Method("mocov3", Modalities = [Modality.Image, Modality.Audio, Modality.Video], Family = "contrastive", Inventory = "M021",
    Paper = "Chen et al., An Empirical Study of Training Self-Supervised Vision Transformers, 2021")]
public sealed class MocoV3 : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public MocoV3(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.PredictorFits(recipe);
        Require.Positive(recipe, "loss.temperature", _options.Temperature);
    }

    public sealed record Options
    {
        /// <summary>τ; the loss is multiplied by 2τ, so that its gradient keeps its size.</summary>
        public double Temperature { get; init; } = 0.2;
    }

    public bool Coupled => true;

    public double LossOfChance => 4 * _options.Temperature * PortableMath.Log(_recipe.Batch.Effective);

    public Networks Build() => BuildNetworks.StudentAndTeacher(_recipe, predictor: true);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => TwoViews.PredictionsAndKeys(networks, views, "q");

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var t = _options.Temperature;
        return 2 * t * (InfoNceLoss.OneView(embeddings["q1"], embeddings["key2"], t) + InfoNceLoss.OneView(embeddings["q2"], embeddings["key1"], t));
    }
}
