using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using SslOrleans.Client.Bench;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Training;
using TorchSharp;

namespace SslOrleans.Client.Tests;

/// <summary>An exported encoder is worth the same without this program.</summary>
public class ExportTests
{
    private const int Count = 4;
    private const int Size = 32;

    [Fact]
    public async Task PythonGetsTheSameFeatures()
    {
        using var folder = new TestFolder();
        GeneratedImages.Write(folder.In("images"), 64, 16, 1);
        var recipe = folder.Write("small.jsonc", """
            { "method": "simclr", "batch": { "effective": 16, "micro": 8 }, "views": [ { "count": 2 } ],
              "projector": { "shape": "16" }, "evaluation": { "knn": false } }
            """);
        var trained = await Invocation.Of("train", recipe, "--data", folder.In("images"), "--runs", folder.In("runs"), "--run", "small", "--steps", "4");
        Assert.True(trained.Code == 0, trained.Error);
        var exported = await Invocation.Of("export", "small", folder.In("encoder.safetensors"), "--runs", folder.In("runs"), "--json");
        Assert.True(exported.Code == 0, exported.Error);
        Assert.Equal(20, exported.JsonLines[0].GetProperty("tensors").GetInt32());

        var images = Enumerable.Range(0, Count * 3 * Size * Size).Select(i => MathF.Sin(i * 0.37f)).ToArray();
        await File.WriteAllBytesAsync(folder.In("images.f32"), MemoryMarshal.AsBytes(images.AsSpan()).ToArray());
        var ours = await Ours(folder.In("runs"), images);
        var theirs = Python(folder.In("encoder.safetensors"), folder.In("images.f32"));
        Assert.Equal(Count * 256, ours.Length);
        var scale = ours.Max(MathF.Abs);
        Assert.True(scale > 0.01);
        foreach (var (a, b) in ours.Zip(theirs))
            Assert.Equal(b, a, 1e-5f * scale);
    }

    /// <summary>The way to ONNX that docs/evaluation.md shows.</summary>
    [Fact]
    [Trait("Category", "Slow")]
    public async Task Torchvision_loads_a_resnet_and_writes_it_as_onnx()
    {
        using var folder = new TestFolder();
        GeneratedImages.Write(folder.In("images"), 16, 4, 1);
        var recipe = folder.Write("small.jsonc", """
            { "method": "simclr", "batch": { "effective": 4, "micro": 4 }, "views": [ { "count": 2, "crop": { "size": 32 } } ],
              "backbone": { "name": "resnet18", "stem": "imagenet" }, "projector": { "shape": "16" }, "evaluation": { "knn": false } }
            """);
        var trained = await Invocation.Of("train", recipe, "--data", folder.In("images"), "--runs", folder.In("runs"), "--run", "small", "--steps", "1");
        Assert.True(trained.Code == 0, trained.Error);
        Assert.Equal(0, (await Invocation.Of("export", "small", folder.In("encoder.safetensors"), "--runs", folder.In("runs"))).Code);
        var python = PyTorchPeer.FindPython(null, "torchvision");
        Assert.True(python is not null, "no python3 with torchvision; `./sslo test` installs python3-torchvision");
        using var process = Process.Start(new ProcessStartInfo(
            python, [Path.Combine(AppContext.BaseDirectory, "Python", "torchvision_onnx.py"), folder.In("encoder.safetensors"), folder.In("encoder.onnx")])
        {
            RedirectStandardError = true,
        })!;
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, errors);

        // All 11.2 million weights are in it, and the names of what goes in and comes out.
        var onnx = await File.ReadAllBytesAsync(folder.In("encoder.onnx"));
        Assert.InRange(onnx.Length, 44_000_000, 46_000_000);
        Assert.True(onnx.AsSpan().IndexOf("images"u8) >= 0 && onnx.AsSpan().IndexOf("features"u8) >= 0);
    }

    private static async Task<float[]> Ours(string runs, float[] images)
    {
        var recipe = await Grains.Runs.RunRecord.ReadRecipe(RunStorage.Open(runs), "small");
        using var replica = new Replica(recipe, torch.CPU);
        var slice = new LayoutSlice(0, 0, replica.Layout.Length, replica.Layout.Entries);
        var reader = await CheckpointReader.Open(RunStorage.Open(runs), "small", 4, CheckpointReader.Parameters);
        replica.Load(reader.Vector(CheckpointReader.Parameters, slice, e => e.Name), []);
        return replica.Features(images, Size, Size);
    }

    private static float[] Python(string encoder, string images)
    {
        var python = PyTorchPeer.FindPython(null, "torch");
        Assert.True(python is not null, "no python3 with torch; `./sslo test` installs python3-torch");
        using var process = Process.Start(new ProcessStartInfo(
            python, [Path.Combine(AppContext.BaseDirectory, "Python", "conv4_features.py"), encoder, images, Count.ToString(CultureInfo.InvariantCulture), Size.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
        })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return JsonSerializer.Deserialize<float[]>(output)!;
    }
}
