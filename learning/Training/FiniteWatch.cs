using System.Globalization;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Training;

/// <summary>Where in a step a value can first be NaN or infinite, in the order in which a step comes by.</summary>
public enum StepPart
{
    /// <summary>Parameters, teacher or method state that the step begins with: the commit before made it.</summary>
    Version,

    /// <summary>A view.</summary>
    Input,

    /// <summary>What a layer puts out.</summary>
    Layer,

    /// <summary>What the method makes of its networks' outputs.</summary>
    Embedding,

    /// <summary>The loss, from embeddings that are finite.</summary>
    Loss,

    /// <summary>The loss's gradient by an embedding.</summary>
    EmbeddingGradient,

    /// <summary>A micro-batch's gradient by a parameter.</summary>
    ParameterGradient,

    /// <summary>The sum of the micro-batches' gradients, each of which is finite.</summary>
    GradientSum,
}

/// <summary>The first of what a step made that was not finite.</summary>
/// <param name="Part">Where in the step.</param>
/// <param name="Name">Of the tensor, layer or operation.</param>
/// <param name="MicroBatch">Its number in the step; −1: it belongs to the whole effective batch.</param>
/// <param name="Text">All of it in words.</param>
public sealed record NotFinite(StepPart Part, string Name, int MicroBatch, string Text);

/// <summary>
/// Looks at everything that a step makes, in the order in which it is made, and keeps the first that is not finite. It changes no
/// value. For one lane, and for steps that are computed again: looking at every layer costs much more than the step.
/// </summary>
public sealed class FiniteWatch
{
    private int _microBatch = -1;
    private IReadOnlyList<long> _samples = [];

    /// <summary>Null: everything was finite until now.</summary>
    public NotFinite? First { get; private set; }

    /// <summary>The effective batch's embeddings as the loss saw them; empty where the loss is per micro-batch.</summary>
    public IReadOnlyList<NamedArray> Embeddings { get; private set; } = [];

    /// <summary>Looks at every layer of the networks from now on.</summary>
    internal void Attach(Networks networks)
    {
        foreach (var (prefix, branch) in new[] { ("", networks.Student), ("teacher.", networks.Teacher), ("frozen.", networks.Frozen) })
        {
            foreach (var (name, layer) in branch?.named_modules() ?? [])
            {
                // A branch is the whole of it, which its parts have told by then.
                if (layer is Module<Tensor, Tensor> one and not Branch)
                    one.register_forward_hook((_, input, output) => Layer(prefix + name, layer, [input], output));
                else if (layer is Module<Tensor, Tensor, Tensor> two)
                    two.register_forward_hook((_, a, b, output) => Layer(prefix + name, layer, [a, b], output));
            }
        }
    }

    /// <summary>Looks at what the step begins with.</summary>
    internal void Version(string what, string name, ReadOnlySpan<float> values) => Look(StepPart.Version, $"{what}{name}", values, "before the step: the commit before it made that");

    /// <summary>A micro-batch begins with these views.</summary>
    internal void Begin(int microBatch, MicroBatchViews batch)
    {
        (_microBatch, _samples) = (microBatch, batch.SampleIds);
        for (var v = 0; v < batch.Views.Count; v++)
            Look(StepPart.Input, $"view {v}", batch.Views[v].Values, $"in {Where}", batch.Views[v].Values.Length / Math.Max(1, _samples.Count));
    }

    /// <summary>Its embeddings.</summary>
    internal void Encoded(Embeddings embeddings)
    {
        foreach (var (name, tensor) in embeddings)
            Look(StepPart.Embedding, $"embedding {name}", tensor, "made of outputs that are finite");
    }

    /// <summary>The loss, and what was made on the way to it, in order.</summary>
    internal void Loss(Embeddings embeddings, IEnumerable<IDisposable> made, Tensor loss, bool whole)
    {
        if (whole)
        {
            (_microBatch, _samples) = (-1, []);
            Embeddings = [.. embeddings.Select(e => new NamedArray(e.Key, [.. e.Value.shape], e.Value.detach().to(ScalarType.Float32).Values<float>(), e.Value.requires_grad))];
            Encoded(embeddings);
        }

        if (First is not null || Finite(loss))
            return;
        var given = embeddings.Select(e => e.Value).ToHashSet();
        var steps = made.OfType<Tensor>().Where(t => !t.IsInvalid && t.is_floating_point() && !given.Contains(t)).ToList();

        // Minus infinity is how a loss hides what does not count.
        var at = steps.FindIndex(t => t.isnan().any().item<bool>() || t.isposinf().any().item<bool>());
        var named = at < 0 ? "" : $"; the first of the {steps.Count} tensors on the way to it that is not is number {at + 1}, {Shape(steps[at])}: {Values(steps[at])}";
        First = new NotFinite(StepPart.Loss, "loss", _microBatch, $"the loss{Of} is {Text(loss.item<float>())}, from embeddings that are finite (|x| up to {Largest([.. given])}){named}");
    }

    internal void EmbeddingGradient(string name, Tensor? gradient)
    {
        if (gradient is not null)
            Look(StepPart.EmbeddingGradient, $"gradient of the loss by {name}", gradient, "from a loss that is finite");
    }

    /// <summary>A micro-batch's way back. Where it gives NaN it is gone once more, for libtorch to name the function.</summary>
    /// <param name="binding">The parameters.</param>
    /// <param name="open">The micro-batch.</param>
    /// <param name="roots">As of <see cref="TensorBinding.Gradient"/>.</param>
    /// <param name="seeds">As of <see cref="TensorBinding.Gradient"/>.</param>
    /// <param name="into">As of <see cref="TensorBinding.Gradient"/>.</param>
    internal void Backward(TensorBinding binding, OpenMicroBatch open, IList<Tensor> roots, IList<Tensor> seeds, Span<float> into)
    {
        _microBatch = open.Number;

        // Where batch norms meet, a second way back would meet nobody.
        var again = First is null && open.Meeting is null;
        binding.Gradient(roots, seeds, into, keepGraph: again);
        if (again && into.ContainsAnyExceptInRange(float.MinValue, float.MaxValue) && NanFunction(roots, seeds) is { } function)
            First = new NotFinite(StepPart.ParameterGradient, function, _microBatch, $"on the way back through {Where} {function} is the first that gives NaN, from gradients that are finite or infinite");

        // Layers that come last in the forward pass come first here.
        foreach (var entry in binding.Layout.Entries.Reverse())
            Look(StepPart.ParameterGradient, $"gradient by {entry.Name}", into.Slice(entry.Offset, entry.Length), $"in {Where}");
    }

    /// <summary>libtorch's name of the function; null where none gives NaN. <c>autograd.grad</c> would end the process.</summary>
    private static string? NanFunction(IList<Tensor> roots, IList<Tensor> seeds)
    {
        using var scope = NewDisposeScope();
        using var watched = autograd.detect_anomaly(true);
        try
        {
            roots.Zip(seeds, (root, seed) => (root * seed).sum()).Aggregate((a, b) => a + b).backward();
            return null;
        }
        catch (Exception e) when (e.Message.Contains("returned nan values", StringComparison.Ordinal))
        {
            return e.Message.Split('\'')[1];
        }
    }

    internal void Sum(ParameterLayout layout, ReadOnlySpan<float> total)
    {
        (_microBatch, _samples) = (-1, []);
        foreach (var entry in layout.Entries)
            Look(StepPart.GradientSum, $"gradient by {entry.Name}", total.Slice(entry.Offset, entry.Length), "in the sum over the micro-batches, each of which is finite");
    }

    private string Where => $"micro-batch {_microBatch}";

    private string Of => _microBatch < 0 ? "" : $" of {Where}";

    private Tensor Layer(string name, Module layer, Tensor[] inputs, Tensor output)
    {
        if (First is not null || Finite(output))
            return output;
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var weights = layer.parameters(false).Select(p => p.detach()).ToArray();
        var from = inputs.All(Finite) ? $"from an input that is finite (|x| up to {Largest(inputs)})" : "from an input that is not finite, which no layer put out";
        var by = weights.Length > 0 ? $" and weights up to {Largest(weights)}" : "";
        First = new NotFinite(StepPart.Layer, name, _microBatch, $"the output {Shape(output)} of {name} ({layer.GetType().Name}) in {Where} has {Values(output)}{Row(output)}, {from}{by}");
        return output;
    }

    private void Look(StepPart part, string name, Tensor tensor, string where)
    {
        if (First is not null || Finite(tensor))
            return;
        First = new NotFinite(part, name, _microBatch, $"{name}{Of}, {Shape(tensor)}, has {Values(tensor)}{Row(tensor)}, {where}");
    }

    private void Look(StepPart part, string name, ReadOnlySpan<float> values, string where, int row = 0)
    {
        if (First is not null)
            return;
        for (var i = 0; i < values.Length; i++)
        {
            if (float.IsFinite(values[i]))
                continue;
            var sample = row > 0 ? $" (sample {_samples[i / row]})" : "";
            First = new NotFinite(part, name, _microBatch, $"{name} has {Text(values[i])} at value {i} of {values.Length}{sample} {where}");
            return;
        }
    }

    private static bool Finite(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        return !tensor.is_floating_point() || tensor.isfinite().all().item<bool>();
    }

    /// <summary>The first row that is not finite, and the sample whose it is where rows are samples, view after view.</summary>
    private string Row(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        if (tensor.dim() < 2 || _samples.Count == 0 || tensor.shape[0] % _samples.Count != 0)
            return "";
        var bad = tensor.isfinite().logical_not().flatten(1).any(1);
        var rows = bad.sum().item<long>();
        var first = bad.to(ScalarType.Int64).argmax().item<long>();
        return $" in {rows} of {tensor.shape[0]} rows, first in row {first} (view {first / _samples.Count}, sample {_samples[(int)(first % _samples.Count)]})";
    }

    private static string Values(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var (nan, infinite) = (tensor.isnan().sum().item<long>(), tensor.isinf().sum().item<long>());
        return nan > 0 && infinite > 0 ? $"{nan} NaN and {infinite} infinite values" : nan > 0 ? $"{nan} NaN" : $"{infinite} infinite values";
    }

    private static string Largest(IReadOnlyCollection<Tensor> tensors)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        return Text(tensors.Where(t => t.is_floating_point() && t.numel() > 0).Select(t => t.abs().max().to(ScalarType.Float32).item<float>()).DefaultIfEmpty(0).Max());
    }

    private static string Shape(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";

    private static string Text(float value) => value.ToString("G3", CultureInfo.InvariantCulture);
}
