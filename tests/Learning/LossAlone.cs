using System.Text.Json.Nodes;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests;

/// <summary>A method's loss on embeddings that a test makes, with no network before it.</summary>
internal static class LossAlone
{
    public static double Loss(string method, Dictionary<string, Tensor> tensors, params (string Key, JsonNode Value)[] options)
    {
        using var scope = NewDisposeScope();
        var loss = new JsonObject(options.Select(o => KeyValuePair.Create(o.Key, (JsonNode?)o.Value.DeepClone())));
        var rows = (int)tensors.Values.First().shape[0];
        var recipe = SmallRun.Recipe("simclr") with
        {
            Method = method,
            Views = [new() { Count = Math.Max(MethodCatalog.Find(method).Views, tensors.Keys.Count(k => k is ['z', >= '1' and <= '9'] && MethodCatalog.Find(method).MoreViews)), Mask = new() { Kind = MethodCatalog.Find(method).Masked > 0 ? "random" : "none", Ratio = 0.5 } }],
            Batch = new() { Effective = rows, Micro = rows },
            Loss = loss,
            Teacher = new() { Weights = MethodCatalog.Find(method).FrozenTeacher == FrozenTeacher.Required ? "a file" : "" },
            Projector = new() { Shape = $"{tensors.Values.First().shape[1]}" },
            Backbone = new() { Name = "vit-nano", PatchSize = 2, ImageSize = 8 },
        };
        var created = MethodCatalog.Create(recipe);
        var embeddings = new Embeddings();
        foreach (var (name, value) in tensors)
            embeddings.Add(name, value);
        return created.Loss(embeddings, new MethodState(tensors), Step(rows)).item<float>();
    }

    public static Dictionary<string, Tensor> Two() => new() { ["z1"] = Draw(1), ["z2"] = Draw(2) };

    public static void Same(double a, double b, double tolerance = 1e-5) => Assert.Equal(a, b, tolerance * Math.Max(1, Math.Abs(b)));

    public static StepContext Step(int rows) => new()
    {
        Seed = 0, Step = 1, TotalSteps = 2, EffectiveBatch = rows, Device = CPU, SampleIds = [.. Enumerable.Range(0, rows).Select(i => (long)i)],
    };

    /// <summary>Three uncorrelated dimensions of mean 0 and variance 1 (8/7 over N − 1).</summary>
    public static Tensor Hadamard()
        => tensor(Enumerable.Range(0, 24).Select(i => ((i / 3) >> (i % 3) & 1) == 0 ? 1f : -1f).ToArray()).reshape(8, 3);

    public static Tensor Draw(int number, int rows = 6, int width = 5)
    {
        var random = new RandomStream(4, Purpose.Evaluation, 0, number, 0);
        var values = new float[rows * width];
        foreach (ref var value in values.AsSpan())
            value = random.NextNormal();
        return tensor(values).reshape(rows, width);
    }
}
