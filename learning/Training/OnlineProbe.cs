using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Optim;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Training;

/// <summary>
/// Online linear probe (cookbook §3.7; E08): softmax regression on the features that the student's backbone makes anyway of the first view
/// of each image, standardised over the micro-batch, with the gradient cut. It looks at the backbone from outside, so no method knows of it; its gradient is
/// that of one micro-batch and is summed, applied, kept and restored with all others.
/// </summary>
internal sealed class OnlineProbe : IDisposable
{
    /// <summary>Names of what it reports.</summary>
    public const string Loss = "onlineLoss";

    /// <inheritdoc cref="Loss"/>
    public const string Accuracy = "onlineAccuracy";

    /// <summary>Of its SGD, whatever the encoder's optimiser is.</summary>
    public const float Momentum = 0.9f;

    private readonly int _classes;
    private readonly Device _device;
    private readonly Tensor _weight;
    private readonly Tensor _bias;

    // Micro-batches that meet in batch norm are each on a thread of their own.
    private readonly ThreadLocal<long> _rows = new();
    private readonly ThreadLocal<Tensor?> _features = new();

    /// <summary>A probe that starts at zero.</summary>
    public OnlineProbe(OnlineProbeRecipe recipe, Backbone backbone, Device device)
    {
        (_classes, _device) = (recipe.Classes, device);
        _weight = zeros([_classes, backbone.FeatureDimension]).to(device).DetachFromDisposeScope();
        _bias = zeros([_classes]).to(device).DetachFromDisposeScope();
        Parameters = [("probe.weight", _weight), ("probe.bias", _bias)];
        backbone.Watch(Take);
    }

    /// <summary>Names and tensors in layout order: weights <c>[C, D]</c> and bias <c>[C]</c>.</summary>
    public IReadOnlyList<(string Name, Tensor Tensor)> Parameters { get; }

    /// <summary>Its step: the recipe's rate on the run's schedule; no weight decay, no adaptation, no clipping.</summary>
    public static StepSize Size(Recipe recipe, StepSchedule schedule)
        => new(schedule.Step, (float)(recipe.Evaluation.Online.LearningRate * (schedule.LearningRate / schedule.BaseRate)), 0, Adapt: false);

    /// <summary>The next batch through the backbone on this thread is the one to look at; its first rows are the first view.</summary>
    public void Begin(long rows)
    {
        _features.Value?.Dispose();
        (_rows.Value, _features.Value) = (rows, null);
    }

    /// <summary>
    /// Cross-entropy of softmax(Wx + b) on the features seen: the gradient <c>(softmax − one-hot)ᵀx / n</c> by weights and bias. Reports loss and accuracy.
    /// </summary>
    /// <exception cref="UserErrorException">A label is missing or beyond the classes.</exception>
    public float[] Gradient(MicroBatchViews batch, StepContext step)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        using var seen = _features.Value ?? throw new InvalidOperationException("The method ran no backbone of its student.");
        (_rows.Value, _features.Value) = (0, null);
        var rows = Standardised(seen.to(ScalarType.Float32));
        var labels = tensor(Labels(batch)).to(_device);
        var logits = rows.mm(_weight.t()).add_(_bias);
        var loss = functional.cross_entropy(logits, labels);
        if (float.IsFinite(loss.item<float>()))
        {
            step.Report(Loss, loss);
            step.Report(Accuracy, logits.argmax(1).eq(labels).to(ScalarType.Float32).mean());
        }

        var error = logits.softmax(1).sub_(functional.one_hot(labels, _classes).to(ScalarType.Float32)).div_((double)rows.shape[0]);
        return [.. Values(error.t().mm(rows)), .. Values(error.sum(0L))];
    }

    /// <summary>
    /// Rows <c>[n, D]</c> of mean 0 and a mean squared length of at most 1: each dimension (x − μ)/√(σ² + 10⁻³ σ̄²), over √D. With these and
    /// a bias the curvature of a softmax regression is at most ½, whatever the encoder is.
    /// </summary>
    internal static Tensor Standardised(Tensor features)
    {
        var centred = features - features.mean([0], keepdim: true);
        var variance = centred.square().mean([0], keepdim: true);
        return centred / ((variance + (variance.mean() * 1e-3) + 1e-12).sqrt() * Math.Sqrt(features.shape[1]));
    }

    public void Dispose()
    {
        _weight.Dispose();
        _bias.Dispose();
        _rows.Dispose();
        _features.Dispose();
    }

    private void Take(Tensor features)
    {
        // A backbone may run in a scope of its own.
        if (_rows.Value > 0 && _features.Value is null)
            _features.Value = features.narrow(0, 0, _rows.Value).clone().DetachFromDisposeScope();
    }

    private long[] Labels(MicroBatchViews batch)
    {
        if (batch.Labels is null)
            throw new UserErrorException($"evaluation.online.classes is {_classes}, but not all of the images have labels; set it to 0: an online probe needs labels.");
        if (Array.FindIndex(batch.Labels, l => l < 0 || l >= _classes) is >= 0 and var wrong)
            throw new UserErrorException($"evaluation.online.classes is {_classes}, but sample {batch.SampleIds[wrong]} has label {batch.Labels[wrong]}; give the number of classes.");
        return Array.ConvertAll(batch.Labels, l => (long)l);
    }

    private static float[] Values(Tensor tensor) => tensor.Values<float>();
}
