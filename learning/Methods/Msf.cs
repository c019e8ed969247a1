using SslOrleans.Contracts.Recipes;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// MSF: the student's prediction of view 1 moves towards the k nearest neighbours, in a queue, of the teacher's view 2; the
/// target itself is among the candidates. k = 1 is BYOL in one direction.
/// Embeddings <c>p1</c>, <c>key2</c> <c>[N, D]</c>; state <c>queue</c> <c>[K, D]</c>.
/// </summary>
[Method("msf", Family = "self-distillation", Inventory = "M050",
    Paper = "Koohpayegani et al., Mean Shift for Self-Supervised Learning, 2021")]
public sealed class Msf : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public Msf(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.PredictorFits(recipe);
        Require.Queue(recipe, "loss.queue", _options.Queue);
        if (_options.Neighbours < 1 || _options.Neighbours > _options.Queue)
            throw Require.Error(recipe, "loss.neighbours", $"is {_options.Neighbours}", $"give 1 to {_options.Queue} (loss.queue)");
        State = [new("queue", StateKind.Queue, [_options.Queue, BuildNetworks.ProjectionWidth(recipe)], StateInitial.UnitRows)];
    }

    public sealed record Options
    {
        /// <summary>k.</summary>
        public int Neighbours { get; init; } = 5;

        /// <summary>K, past targets; a multiple of the effective batch.</summary>
        public int Queue { get; init; } = 65536;
    }

    public bool Coupled => false;

    public IReadOnlyList<StateSpec> State { get; }

    public IReadOnlyList<string> Carried => ["key2"];

    public Networks Build() => BuildNetworks.StudentAndTeacher(_recipe, predictor: true);

    public Embeddings Encode(Networks networks, Views views, StepContext step) => new()
    {
        { "p1", networks.Student.Predict(networks.Student.call(views[0])) },
        { "key2", networks.Key(views[1]) },
    };

    /// <summary>1/Nk Σᵢ Σ over the k neighbours of ‖p̂ᵢ − n‖² = 2 − 2cos.</summary>
    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var key = functional.normalize(embeddings["key2"].detach(), dim: 1);
        var p = functional.normalize(embeddings["p1"], dim: 1);
        var own = (key * key).sum(1, keepdim: true);
        var nearest = cat([own, key.mm(state["queue"].t())], 1).topk(_options.Neighbours, 1).indexes;
        var cosines = cat([(p * key).sum(1, keepdim: true), p.mm(state["queue"].t())], 1);
        return 2 - (2 * cosines.gather(1, nearest).mean());
    }

    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step) => StateUpdate.Of("queue", carried["key2"]);
}
