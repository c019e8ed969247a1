using SslOrleans.Learning.Methods;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Training;

/// <summary>
/// Sees a run collapse (cookbook §2.6, §3.3): all images get one embedding, or the loss stays where outputs that say nothing have it.
/// It only looks; no bit of the training depends on it.
/// </summary>
public sealed class CollapseWatch
{
    /// <summary>√D · mean over dimensions of the standard deviation of unit-length embeddings: near 1 when they fill the sphere, 0 when they are one point.</summary>
    public const string Spread = "embeddingSpread";

    /// <summary>The loss over <see cref="IMethod.LossOfChance"/>.</summary>
    public const string OverChance = "lossOverChance";

    private const float LeastSpread = 0.02f;
    private const float NearChance = 0.01f;
    private const int Patience = 20;

    /// <summary>Steps at the beginning that are all dead when it is told.</summary>
    private const int FirstSteps = 3;

    /// <summary>Embeddings that differ in rounding only.</summary>
    private const float OnePoint = 1e-4f;

    private const double NoGradient = 1e-6;

    private int _flat;
    private int _stuck;
    private int _looks;
    private int _onePoint;
    private int _still;

    /// <summary>Reports spread and loss over chance of a loss that was just taken.</summary>
    public static void Report(IMethod method, Embeddings embeddings, Tensor loss, StepContext step)
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        foreach (var (name, embedding) in embeddings)
        {
            if (!embedding.requires_grad || embedding.shape is not [> 1, > 1] || name == "prototypes")
                continue;
            step.Report(Spread, SpreadOf(embedding));
            break;
        }

        if (double.IsFinite(method.LossOfChance))
            step.Report(OverChance, loss.detach() / method.LossOfChance);
    }

    /// <summary><see cref="Spread"/> of embeddings <c>[N, D]</c>; a method whose micro-batches leave no rows reports it when it encodes.</summary>
    public static Tensor SpreadOf(Tensor embedding)
    {
        using var off = no_grad();
        return nn.functional.normalize(embedding.detach(), dim: 1).std(0).mean() * Math.Sqrt(embedding.shape[1]);
    }

    /// <summary>A warning at the step at which the run has looked collapsed for a while; null at all others.</summary>
    /// <param name="reported">What the step reported.</param>
    /// <param name="gradientNorm">Length of its gradient.</param>
    public string? Look(IReadOnlyDictionary<string, float> reported, double gradientNorm = double.NaN)
    {
        _onePoint = reported.TryGetValue(Spread, out var now) && now < OnePoint ? _onePoint + 1 : 0;
        _still = gradientNorm < NoGradient ? _still + 1 : 0;
        _looks++;
        if (_looks == FirstSteps && _onePoint == FirstSteps)
            return $"all images of a step have had the same embedding for {FirstSteps} steps: look whether the images differ (`sslo data inspect PATH --views RECIPE --out views.png` draws them)";
        if (_looks == FirstSteps && _still == FirstSteps)
            return $"the gradient is as good as 0 (its length is {gradientNorm:G2}) and has been for {FirstSteps} steps: nothing is learnt; look at the images and at the loss's settings";
        _flat = reported.TryGetValue(Spread, out var spread) && spread < LeastSpread ? _flat + 1 : 0;
        _stuck = reported.TryGetValue(OverChance, out var share) && Math.Abs(share - 1) < NearChance ? _stuck + 1 : 0;
        if (_flat == Patience)
            return $"the embeddings have collapsed: their spread is {spread:G2} and has been below {LeastSpread} for {Patience} steps (1 fills the sphere, 0 is one point); look at the predictor, the teacher's momentum and the learning rate";
        return _stuck == 5 * Patience
            ? $"nothing is learnt: the loss has been within {NearChance:P0} of that of outputs that say nothing for {_stuck} steps; change the learning rate or the temperatures"
            : null;
    }
}
