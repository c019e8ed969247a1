using SslOrleans.Learning.Data;

namespace SslOrleans.Client.Tests;

/// <summary>A run that stops because something is not finite keeps the step, and <c>audit --replay STEP --capture</c> says what was first.</summary>
[Collection(nameof(BlasThreads))]
public sealed class CaptureTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public CaptureTests() => GeneratedImages.Write(_folder.In("images"), 48, 16, 1);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("optimizer.learningRate=1e30", 1, "Layer", "backbone.conv2")]
    [InlineData("loss.temperature=1e-40", 0, "Loss", "loss")]
    public async Task The_first_operation_that_is_not_finite_is_named(string fault, int step, string part, string name)
    {
        var recipe = _folder.Write("small.jsonc", """
            { "method": "simclr", "steps": 4, "batch": { "effective": 16, "micro": 8 }, "views": [ { "count": 2, "crop": { "size": 8 } } ],
              "projector": { "shape": "16-8" }, "evaluation": { "knn": false } }
            """);
        var trained = await Invocation.Of("train", recipe, "--data", _folder.In("images"), "--runs", _folder.In("runs"), "--run", "run", "--set", fault);
        Assert.Equal(2, trained.Code);
        Assert.EndsWith($"`sslo audit run --replay {step} --capture` computes the step again and names the first operation that was not finite.", trained.Error.TrimEnd());

        // The images are not needed: all views fitted into the capture.
        Directory.Delete(_folder.In("images"), recursive: true);
        var found = Assert.Single((await Audit($"{step}", "--capture", "--json")).JsonLines);
        Assert.True(found.GetProperty("sameEmbeddings").GetBoolean());
        Assert.Equal((part, name), (found.GetProperty("first").GetProperty("part").GetString(), found.GetProperty("first").GetProperty("name").GetString()));
        var file = Path.Combine(_folder.In("runs"), "run", "captures", $"{step}", "inputs.safetensors");
        Assert.Contains("first that is not finite: ", (await Audit($"{step}", "--capture", file)).Output);
        Assert.Contains($"is of step {step}, and --replay is {step + 1}", (await Audit($"{step + 1}", "--capture", file)).ErrorLine);
        Assert.Contains("There is no run/captures/3/inputs.safetensors", (await Audit("3", "--capture")).ErrorLine);
        Assert.Contains("--capture needs --replay STEP", (await Audit("all", "--capture")).ErrorLine);
    }

    private Task<Invocation> Audit(string step, params string[] more) => Invocation.Of(["audit", "run", "--runs", _folder.In("runs"), "--replay", step, .. more]);
}
