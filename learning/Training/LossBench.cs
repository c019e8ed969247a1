using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Training;

/// <summary>What a loss is worth on given tensors.</summary>
/// <param name="Loss">The scalar.</param>
/// <param name="Terms">Terms that the method reports, by name.</param>
/// <param name="Gradients">By embedding, for those that carry one.</param>
public sealed record LossValue(float Loss, IReadOnlyDictionary<string, float> Terms, IReadOnlyList<NamedArray> Gradients)
{
    /// <summary>Tensors that were brought and that the loss did not read at this step and epoch.</summary>
    public IReadOnlyList<string> Unused { get; init; } = [];

    /// <summary>Why there is no value, where libtorch said so; null otherwise.</summary>
    public string? Failure { get; init; }

    /// <summary>What is not finite: the loss, a term, a gradient. Null when everything is.</summary>
    public string? NotFinite
        => Terms.Where(t => !float.IsFinite(t.Value)).Select(t => $"the term \"{t.Key}\" is {t.Value.ToString(CultureInfo.InvariantCulture)}").FirstOrDefault()
            ?? (float.IsFinite(Loss) ? null : $"the loss is {Loss.ToString(CultureInfo.InvariantCulture)}{(Failure is null ? "" : $" ({Failure})")}")
            ?? Gradients.Where(g => g.Values.Any(v => !float.IsFinite(v))).Select(g => $"the gradient by \"{g.Name}\" is not finite").FirstOrDefault();
}

/// <summary>A method's loss and gradients on embeddings and state that somebody brings, without networks and without images.</summary>
public static class LossBench
{
    /// <param name="method">Name of the method.</param>
    /// <param name="tensors">Embeddings and state by the names of <see cref="MethodTensors"/>. Batch, number of views, widths and lengths of queues are theirs.</param>
    /// <param name="settings">Recipe overrides: <c>loss.temperature=0.2</c>.</param>
    /// <param name="step">Step and epoch, for losses that change with them.</param>
    /// <param name="epoch">From 0.</param>
    /// <param name="sampleIds">Samples of the rows, for losses with a bank; 0 … N−1 when null.</param>
    /// <exception cref="UserErrorException">A tensor is missing, unknown or of a shape that the loss does not take.</exception>
    public static LossValue Compute(string method, IReadOnlyList<NamedArray> tensors, IReadOnlyList<string> settings, long step = 0, long epoch = 0, long[]? sampleIds = null)
    {
        var attribute = MethodCatalog.Find(method);
        ThreadCount.Set(1);
        var numbered = LossInputs.Views(method, tensors);
        var views = attribute.MoreViews ? Math.Max(attribute.Views, numbered) : attribute.Views;
        var known = MethodTensors.Of(method, views, settings);
        foreach (var t in tensors)
        {
            if (!known.Embeddings.Concat(known.State).Any(k => k.Name == t.Name))
                throw new UserErrorException($"tensor \"{t.Name}\" is none of {method}'s; it takes {Listing(known)}.");
        }

        var brought = tensors.Where(t => known.State.All(s => s.Name != t.Name)).ToList();
        if (brought.Count == 0)
            throw new UserErrorException($"there is no embedding; {method} takes {Listing(known)}.");
        var rows = LossInputs.Check(method, tensors, known, sampleIds);
        var created = MethodCatalog.Create(Recipe(method, tensors, brought, known, (int)rows, views, settings));
        CheckState(method, created, tensors);
        using var scope = NewDisposeScope();
        var embeddings = new Embeddings();
        foreach (var t in brought)
            embeddings.Add(t.Name, TensorMemory.Aligned(t.Values, t.Shape, CPU).requires_grad_(known.Embeddings.Single(k => k.Name == t.Name).HasGradient));
        var states = new AskedTensors(tensors.Except(brought).Select(t => KeyValuePair.Create(t.Name, TensorMemory.Aligned(t.Values, t.Shape, CPU))));
        var context = new StepContext
        {
            Seed = 0,
            Step = step,
            TotalSteps = step + 1,
            Epoch = epoch,
            SampleIds = sampleIds ?? [.. Enumerable.Range(0, (int)rows).Select(i => (long)i)],
            EffectiveBatch = (int)rows,
            Device = CPU,
        };
        try
        {
            var loss = created.Loss(embeddings, new MethodState(states), context);
            if (loss.requires_grad)
                loss.backward();
            return new LossValue(loss.detach().item<float>(), context.Reported, [.. embeddings.Where(e => e.Value.requires_grad).Select(e => Gradient(e.Key, e.Value))])
            {
                Unused = [.. tensors.Select(t => t.Name).Where(n => !embeddings.Asked.Contains(n) && !states.Asked.Contains(n))],
            };
        }
        catch (KeyNotFoundException e)
        {
            throw new UserErrorException($"{method} takes {Listing(known)}. {e.Message}", e);
        }
        catch (ExternalException e)
        {
            return new LossValue(float.NaN, context.Reported, []) { Failure = e.Message.Split('\n')[0].TrimEnd('.') };
        }
    }

    /// <summary><c>z1 [N, D], queue [L, D]</c>.</summary>
    public static string Listing(MethodTensors tensors) => string.Join(", ", tensors.Embeddings.Concat(tensors.State).Select(t => $"{t.Name} {t.Shape}"));

    private static Recipe Recipe(string method, IReadOnlyList<NamedArray> tensors, List<NamedArray> brought, MethodTensors known, int rows, int views, IReadOnlyList<string> settings)
    {
        var loss = new JsonObject();
        var (attribute, keys) = (MethodCatalog.Find(method), MethodCatalog.DefaultOptions(method));
        foreach (var t in tensors)
        {
            var symbols = known.Embeddings.Concat(known.State).First(k => k.Name == t.Name).Shape.Trim('[', ']').Split(", ");
            for (var i = 0; i < Math.Min(symbols.Length, t.Shape.Length); i++)
            {
                foreach (var key in symbols[i] switch { "K" => ["prototypes", "clusters", "words", "orders"], "L" => ["queue"], "m" => ["negatives"], _ => Array.Empty<string>() })
                {
                    if (keys.ContainsKey(key))
                        loss[key] = t.Shape[i];
                }
            }
        }

        var width = brought.Where(t => known.Embeddings.Any(k => k.Name == t.Name && k.Shape == "[N, D]")).Select(t => t.Shape[^1]).FirstOrDefault();
        return RecipeReader.Parse(
            $$"""
            {
              "name": "{{method}}", "method": "{{method}}", "batch": { "effective": {{rows}}, "micro": {{rows}} }, "loss": {{loss.ToJsonString()}},
              {{MethodTensors.Samples(attribute, views, "{}", 0.5)}},
              "backbone": { "name": "{{MethodTensors.Backbone(attribute)}}", "patchSize": {{attribute.PatchSize}} },
              "teacher": { "weights": "{{(attribute.FrozenTeacher == FrozenTeacher.Required ? method : "")}}" }, "projector": { "shape": "{{(width > 0 ? width.ToString(CultureInfo.InvariantCulture) : "")}}" }
            }
            """,
            settings,
            method);
    }

    private static void CheckState(string method, IMethod created, IReadOnlyList<NamedArray> tensors)
    {
        foreach (var spec in created.State)
        {
            var t = tensors.FirstOrDefault(t => t.Name == spec.Name);
            if (t is null)
                continue;
            if (t.Shape.Length != spec.Shape.Count || spec.Shape.Zip(t.Shape, (wanted, got) => wanted < 0 || wanted == got).Contains(false))
            {
                var wanted = string.Join(", ", spec.Shape.Select(d => d < 0 ? "samples" : $"{d}"));
                throw new UserErrorException($"tensor \"{t.Name}\" is [{string.Join(", ", t.Shape)}]; with these embeddings and settings {method} takes [{wanted}].");
            }
        }
    }

    private static NamedArray Gradient(string name, Tensor embedding)
    {
        var gradient = embedding.grad ?? zeros_like(embedding);
        return new NamedArray(name, embedding.shape, gradient.Values<float>(), true);
    }
}
