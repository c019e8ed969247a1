using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using SslOrleans.Client.Bench;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Checkpoints;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Training;
using TorchSharp;

namespace SslOrleans.Client.Tests;

/// <summary>Features on disk are those of the encoder, by image, for every format; and a training starts from what another left.</summary>
public sealed class EmbedTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task Every_format_has_the_features_that_the_encoder_gives()
    {
        var recipe = await Train("conv", """ "backbone": { "name": "conv4" }, """);
        var call = await Embed("conv", "f.safetensors", "--patches");
        Assert.True(call.Code == 0, call.Error);
        Assert.Equal([60], call.JsonLines.Select(l => l.GetProperty("images").GetInt32()));
        var file = SafetensorsFile.Load(_folder.In("f.safetensors"));
        var features = file.Floats("features");

        // By another way: the run's parameters in a replica, the images as probes see them.
        using var data = new ImageTrainingData(recipe, _folder.In("images"));
        using var replica = new Replica(recipe, torch.CPU);
        var reader = await CheckpointReader.Open(RunStorage.Open(_folder.In("runs")), "conv", 3, CheckpointReader.Parameters);
        replica.Load(reader.Vector(CheckpointReader.Parameters, new LayoutSlice(0, 0, replica.Layout.Length, replica.Layout.Entries), e => e.Name), []);
        Close(replica.Features(data.Evaluation(false)!.Read(0, 60), 32, 32), features);
        Assert.Equal(Enumerable.Range(0, 60).Select(i => i % 10L), file.Integers("labels"));
        using (var source = ImageSources.Open(_folder.In("images")))
            Assert.Equal(Enumerable.Range(0, 60).Select(source.Key), JsonSerializer.Deserialize<string[]>(file.Metadata["names"])!);

        // Pooled features are the mean of those of the places.
        Assert.Equal([60, 16, 256], file.Entry("patches").Shape);
        Close(Means(file.Floats("patches"), 60, 16, 256), features);

        Assert.Equal(0, (await Embed("conv", "f.csv")).Code);
        var rows = File.ReadAllLines(_folder.In("f.csv"));
        Assert.Equal(61, rows.Length);
        Assert.StartsWith("name,label,f0,f1,", rows[0], StringComparison.Ordinal);
        Assert.Equal(features, rows.Skip(1).SelectMany(r => r.Split(',').Skip(2)).Select(v => float.Parse(v, CultureInfo.InvariantCulture)));
        Assert.Equal(Enumerable.Range(0, 60).Select(i => $"{i % 10}"), rows.Skip(1).Select(r => r.Split(',')[1]));

        Assert.Equal(0, (await Embed("conv", "f.npy")).Code);
        var python = PyTorchPeer.FindPython(null, "numpy");
        Assert.True(python is not null, "no python3 with numpy; `./sslo test` installs it with python3-torch");
        using var numpy = Process.Start(new ProcessStartInfo(python, ["-c", $"import numpy as n; a = n.load('{_folder.In("f.npy")}'); print(a.shape, a.dtype, n.load('{_folder.In("f.labels.npy")}').tolist()); a.tofile('{_folder.In("f.raw")}')"]) { RedirectStandardOutput = true })!;
        Assert.Equal($"(60, 256) float32 [{string.Join(", ", Enumerable.Range(0, 60).Select(i => i % 10))}]", (await numpy.StandardOutput.ReadToEndAsync()).Trim());
        await numpy.WaitForExitAsync();
        Assert.Equal(features, System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(_folder.In("f.raw"))).ToArray());
    }

    [Fact]
    public async Task Of_a_vit_class_token_mean_and_patches()
    {
        await Train("vit", """ "backbone": { "name": "vit-nano", "patchSize": 8 }, """);
        Assert.Equal(0, (await Embed("vit", "f.safetensors", "--patches")).Code);
        var file = SafetensorsFile.Load(_folder.In("f.safetensors"));
        Assert.Equal(["labels", "features", "cls", "mean", "patches"], file.Entries.Select(e => e.Name));
        Assert.Equal(file.Floats("features"), file.Floats("cls"));
        Assert.Equal(16, file.Entry("patches").Shape[1]);
        Close(Means(file.Floats("patches"), 60, 16, (int)file.Entry("patches").Shape[2]), file.Floats("mean"));
    }

    [Theory]
    [InlineData("f.txt", "name a file *.safetensors, *.npy or *.csv")]
    [InlineData("no/f.npy", "does not exist; make it")]
    [InlineData("f.npy", "holds one: name one", "--layers", "all")]
    [InlineData("f.csv", "--patches gives [N, P, D]", "--patches")]
    public async Task Mistakes(string file, string expected, params string[] more)
    {
        await Train("conv", "");
        var call = await Embed("conv", file, more);
        Assert.Equal(2, call.Code);
        Assert.Contains(expected, call.ErrorLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_training_starts_from_an_export_and_says_what_it_took()
    {
        await Train("first", "");
        Assert.Equal(0, (await Invocation.Of("export", "first", _folder.In("e.safetensors"), "--runs", _folder.In("runs"))).Code);
        var taken = SafetensorsFile.Load(_folder.In("e.safetensors"));

        var check = await Invocation.Of("recipe", "check", _folder.In("first.jsonc"), "--set", $"initial={_folder.In("e.safetensors")}");
        Assert.Contains($"initial weights: {taken.Entries.Count} tensors taken from", check.Output, StringComparison.Ordinal);

        var call = await Start("second", "--set", $"initial={_folder.In("e.safetensors")}", "--set", "projector.shape=8");
        Assert.True(call.Code == 0, call.Error);
        Assert.Contains($"initial weights: {taken.Entries.Count} tensors taken from {_folder.In("e.safetensors")}; 2 not in it, drawn as ever: projector.0.weight, projector.0.bias", call.Output, StringComparison.Ordinal);
        var start = SafetensorsFile.Load(_folder.In("runs/second/checkpoints/0/params.safetensors"));
        foreach (var entry in taken.Entries)
            Assert.Equal(taken.Floats(entry.Name), start.Floats($"backbone.{entry.Name}"));
        var audit = await Invocation.Of("audit", "second", "--replay", "all", "--runs", _folder.In("runs"));
        Assert.True(audit.Code == 0, audit.Error);

        // Another content under the same name is noticed where the beginning is computed again.
        var bytes = File.ReadAllBytes(_folder.In("e.safetensors"));
        bytes[^1] ^= 1;
        File.WriteAllBytes(_folder.In("e.safetensors"), bytes);
        var other = await Invocation.Of("audit", "second", "--replay", "all", "--runs", _folder.In("runs"));
        Assert.Equal(2, other.Code);
        Assert.Contains("Bring that file back", other.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static float[] Means(float[] values, int images, int places, int width)
    {
        var means = new float[images * width];
        for (var i = 0; i < values.Length; i++)
            means[(i / (places * width) * width) + (i % width)] += values[i] / places;
        return means;
    }

    private static void Close(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        var scale = expected.Max(MathF.Abs);
        Assert.True(scale > 1e-3);
        for (var i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 2e-5f * scale);
    }

    private Task<Invocation> Embed(string run, string file, params string[] more)
        => Invocation.Of(["embed", run, "--runs", _folder.In("runs"), "--data", _folder.In("images"), "--out", _folder.In(file), "--json", .. more]);

    private Task<Invocation> Start(string run, params string[] more)
        => Invocation.Of(["train", _folder.In(Directory.GetFiles(_folder.Path, "*.jsonc").Select(Path.GetFileName).First()!), "--data", _folder.In("images"), "--runs", _folder.In("runs"), "--run", run, "--steps", "3", "--dashboard", "off", .. more]);

    private async Task<Recipe> Train(string run, string more)
    {
        GeneratedImages.Write(_folder.In("images"), 60, 20, 1);
        _folder.Write($"{run}.jsonc", $$"""
            { "method": "simclr", {{more}} "batch": { "effective": 16, "micro": 8 }, "views": [ { "count": 2 } ], "projector": { "shape": "16" }, "evaluation": { "knn": false } }
            """);
        var call = await Start(run);
        Assert.True(call.Code == 0, call.Error);
        return await Grains.Runs.RunRecord.ReadRecipe(RunStorage.Open(_folder.In("runs")), run);
    }
}
