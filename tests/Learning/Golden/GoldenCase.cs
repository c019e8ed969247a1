using System.Text.Json;
using System.Text.Json.Nodes;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Methods;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests.Golden;

/// <summary>One case of losses.json or losses_modalities.json: a method's loss on given embeddings, with PyTorch's value and gradients.</summary>
public sealed record GoldenCase(
    string Method,
    string Case,
    JsonObject Recipe,
    GoldenStep Step,
    Dictionary<string, GoldenTensor> Embeddings,
    Dictionary<string, GoldenTensor> State,
    double Value,
    Dictionary<string, GoldenTensor> Gradients)
{
    private static readonly JsonSerializerOptions s_options = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static IReadOnlyList<GoldenCase> All { get; } = [.. Read<GoldenCase[]>("losses.json"), .. Read<GoldenCase[]>("losses_modalities.json")];

    public static T Read<T>(string file)
        => JsonSerializer.Deserialize<T>(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", file)), s_options)!;

    /// <summary>The loss and its gradients as our code computes them, in single precision.</summary>
    public (float Value, Dictionary<string, float[]> Gradients, IReadOnlyDictionary<string, float> Reported) Compute()
    {
        using var scope = NewDisposeScope();
        var method = MethodCatalog.Create(RecipeReader.Parse(Recipe.ToJsonString(), where: Method));
        var embeddings = new Embeddings();
        foreach (var (name, values) in Embeddings)
            embeddings.Add(name, values.ToTensor().requires_grad_(Gradients.ContainsKey(name)));
        var state = new MethodState(State.ToDictionary(s => s.Key, s => s.Value.ToTensor()));
        var context = new StepContext
        {
            Seed = 0,
            Step = Step.Step,
            TotalSteps = 100,
            Epoch = Step.Epoch,
            EffectiveBatch = (int)(long)Recipe["batch"]!["effective"]!,
            SampleIds = Step.SampleIds ?? [],
            Device = CPU,
        };
        var loss = method.Loss(embeddings, state, context);
        loss.backward();
        var gradients = Gradients.Keys.ToDictionary(
            name => name,
            name => (embeddings[name].grad ?? zeros_like(embeddings[name])).contiguous().data<float>().ToArray());
        return (loss.item<float>(), gradients, context.Reported);
    }

    public override string ToString() => $"{Method}: {Case}";
}

public sealed record GoldenStep(long Step = 0, long Epoch = 0, long[]? SampleIds = null);

public sealed record GoldenTensor(long[] Shape, double[] Values)
{
    public Tensor ToTensor() => tensor(Array.ConvertAll(Values, v => (float)v)).reshape(Shape);
}
