using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// TiCo: the student follows the EMA teacher's projection of the other view, and an exponential mean of the second moment of past embeddings takes the
/// place of negatives. Embeddings <c>z1</c>, <c>key2</c> <c>[N, D]</c>; state <c>moment</c> <c>[D, D]</c>.
/// </summary>
[Method("tico", Family = "canonical-correlation", Inventory = "own",
    Paper = "Zhu et al., TiCo: Transformation Invariance and Covariance Contrast for Self-Supervised Visual Representation Learning, 2022")]
public sealed class TiCo : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;

    public TiCo(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        Require.NotNegative(recipe, "loss.contrast", _options.Contrast);
        if (_options.Beta is < 0 or >= 1)
            throw Require.Error(recipe, "loss.beta", $"is {_options.Beta}", "give a number from 0 to below 1");
        var width = BuildNetworks.ProjectionWidth(recipe);
        State = [new("moment", StateKind.Value, [width, width])];
    }

    public sealed record Options
    {
        /// <summary>ρ, weight of the contrast with past embeddings.</summary>
        public double Contrast { get; init; } = 8;

        /// <summary>β, share of the past in the moment.</summary>
        public double Beta { get; init; } = 0.9;
    }

    public bool Coupled => true; // the moment is the whole batch's

    public IReadOnlyList<StateSpec> State { get; }

    public IReadOnlyList<string> Carried => ["z1"];

    public Networks Build() => BuildNetworks.StudentAndTeacher(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var found = new Embeddings { { "z1", networks.Student.call(views[0]) } };
        using (no_grad())
            found.Add("key2", networks.Teacher!.call(views[1]));
        return found;
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        var moment = CovarianceContrast.Moment(state["moment"], embeddings["z1"], _options.Beta);
        var (invariance, contrast) = CovarianceContrast.Terms(embeddings["z1"], embeddings["key2"], moment);
        step.Report("invariance", invariance);
        step.Report("contrast", contrast);
        return invariance + (_options.Contrast * contrast);
    }

    public StateUpdate Advance(MethodState state, Embeddings carried, StepContext step)
        => StateUpdate.Of("moment", CovarianceContrast.Moment(state["moment"], carried["z1"], _options.Beta));
}
