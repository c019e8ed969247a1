using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Training;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// LeJEPA: every view predicts the mean of its image's global views (the first group of the recipe), and SIGReg keeps the embeddings of each
/// view Gaussian; no teacher, no stop-gradient, no prototypes.
/// Embeddings, one row from each micro-batch: <c>sums</c> <c>[1, V, 2, S, T]</c>, the sums of SIGReg over S slices and T knots, and
/// <c>prediction</c> <c>[1]</c>; or <c>z1</c> … <c>zV</c> <c>[N, D]</c> and <c>slices</c> <c>[S, D]</c>, when a user brings them.
/// </summary>
[Method("lejepa", "z1 [N, D]", "z2 [N, D]", "slices [S, D], no gradient", MoreViews = true, Family = "canonical-correlation", Inventory = "own",
    Paper = "Balestriero and LeCun, LeJEPA: Provable and Scalable Self-Supervised Learning Without the Heuristics, 2025")]
public sealed class LeJepa : IMethod
{
    private readonly Recipe _recipe;
    private readonly Options _options;
    private readonly int _globals;
    private readonly int _views;

    public LeJepa(Recipe recipe)
    {
        _recipe = recipe;
        _options = MethodCatalog.Options<Options>(recipe);
        _globals = recipe.Views[0].Count;
        _views = recipe.Views.Sum(v => v.Count);
        Require.NotNegative(recipe, "loss.prediction", _options.Prediction);
        Require.NotNegative(recipe, "loss.gaussian", _options.Gaussian);
        Require.Positive(recipe, "loss.slices", _options.Slices);
        Require.Positive(recipe, "loss.range", _options.Range);
        if (_options.Knots < 2)
            throw Require.Error(recipe, "loss.knots", $"is {_options.Knots}", "give at least 2");
    }

    public sealed record Options
    {
        /// <summary>Weight of the prediction; the paper's 1 − λ.</summary>
        public double Prediction { get; init; } = 0.95;

        /// <summary>Weight of SIGReg; the paper's λ.</summary>
        public double Gaussian { get; init; } = 0.05;

        /// <summary>S, random directions, others in each step.</summary>
        public int Slices { get; init; } = 1024;

        /// <summary>Knots of the integral from 0 to <c>range</c>.</summary>
        public int Knots { get; init; } = 17;

        /// <summary>Where the integral ends.</summary>
        public double Range { get; init; } = 3;
    }

    public bool Coupled => true; // N|φ̂ − φ|² is not a mean over rows

    public Networks Build() => BuildNetworks.Student(_recipe);

    public Embeddings Encode(Networks networks, Views views, StepContext step)
    {
        var z = MultiCrop.Encode(views, networks.Student.call, _views);
        var slices = SigReg.Slices(step.Seed, step.Step, _options.Slices, (int)z[0].shape[1]).to(step.Device);
        step.Report(CollapseWatch.Spread, CollapseWatch.SpreadOf(z[0]));
        return new Embeddings { { "sums", Sums(z, slices).unsqueeze(0) }, { "prediction", Prediction(z).reshape(1) } };
    }

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step)
    {
        Tensor sums, prediction;
        var count = (long)step.EffectiveBatch;
        if (embeddings.Contains("z1"))
        {
            var z = Enumerable.Range(1, _views).Select(v => embeddings[$"z{v}"]).ToList();
            count = z[0].shape[0];
            var width = (int)z[0].shape[1];
            sums = Sums(z, embeddings.Contains("slices") ? embeddings["slices"] : SigReg.Slices(step.Seed, step.Step, _options.Slices, width));
            prediction = Prediction(z);
        }
        else
        {
            sums = TreeRows.Sum(embeddings["sums"]);
            prediction = TreeRows.Sum(embeddings["prediction"]) / embeddings["prediction"].shape[0];
        }

        var gaussian = SigReg.Statistic(sums, Knots(sums.device), count);
        step.Report("prediction", prediction);
        step.Report("gaussian", gaussian);
        return (_options.Prediction * prediction) + (_options.Gaussian * gaussian);
    }

    private Tensor Knots(Device device) => SigReg.Knots(_options.Knots, _options.Range, device);

    private Tensor Sums(IReadOnlyList<Tensor> z, Tensor slices) => stack([.. z.Select(v => SigReg.Sums(v, slices, Knots(v.device)))]);

    /// <summary>Mean over views, rows and dimensions of the squared distance from the mean of the global views.</summary>
    private Tensor Prediction(IReadOnlyList<Tensor> z)
    {
        var all = stack([.. z]);
        return (all - all.narrow(0, 0, _globals).mean([0L], keepdim: true)).square().mean();
    }
}
