using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Checkpoints;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Training;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests;

/// <summary>The smallest run of each method that uses all of its parts: 8 × 8 images, 12 in a step, in 3 micro-batches.</summary>
internal static class SmallRun
{
    public const int Samples = 30;

    private const string Patches = """ "backbone": { "name": "vit-nano", "patchSize": 2, "imageSize": 8, "dropPath": 0.2 } """;
    private const string Teacher = """ "teacher": { "momentum": 0.9, "finalMomentum": 1 } """;
    private const string Global = """ { "count": 2, "mask": { "kind": "blockwise", "ratio": 0.1, "ratioMax": 0.5, "probability": 0.5 } } """;
    private const string Predictor = """ "predictor": { "shape": "16-8", "batchNorm": true } """;

    private static readonly Dictionary<string, string> s_settings = new()
    {
        ["mocov1"] = $$""" { "loss": { "queue": 24 }, {{Teacher}} } """,
        ["mocov2"] = $$""" { "loss": { "queue": 24, "symmetric": true }, {{Teacher}} } """,
        ["mocov3"] = $$""" { {{Predictor}}, {{Teacher}} } """,
        ["byol"] = $$""" { {{Predictor}}, {{Teacher}} } """,
        ["simsiam"] = $$""" { {{Predictor}} } """,
        ["nnclr"] = $$""" { {{Predictor}}, "loss": { "queue": 24 } } """,
        ["msf"] = $$""" { {{Predictor}}, {{Teacher}}, "loss": { "queue": 24, "neighbours": 3 } } """,
        ["wmse"] = """ { "loss": { "subBatch": 12, "iterations": 2, "epsilon": 0.1 } } """,
        ["swav"] = """ { "loss": { "prototypes": 10, "queue": 24, "queueFromEpoch": 1, "frozenSteps": 1 }, "views": [ { "count": 2, "crop": { "size": 8 } }, { "count": 2, "crop": { "size": 4 } } ] } """,
        ["dino"] = $$""" { "loss": { "prototypes": 10, "teacherTemperatureEpochs": 2 }, {{Teacher}}, {{Patches}}, "views": [ { "count": 2, "crop": { "size": 8 } }, { "count": 1, "crop": { "size": 4 } } ] } """,
        ["mae"] = $$""" { "loss": { "decoderWidth": 16, "decoderDepth": 1, "decoderHeads": 2 }, {{Patches}}, "views": [ { "mask": { "kind": "random", "ratio": 0.75 } } ] } """,
        ["simmim"] = $$""" { {{Patches}}, "views": [ { "mask": { "kind": "uniform", "ratio": 0.5 } } ] } """,
        ["ijepa"] = $$""" { "loss": { "decoderWidth": 16, "decoderDepth": 1, "decoderHeads": 2 }, {{Teacher}}, {{Patches}}, "views": [ { "crop": { "size": 8 } } ] } """,
        ["msn"] = $$""" { "loss": { "prototypes": 10, "sinkhorn": 3 }, {{Teacher}}, {{Patches}}, "views": [ { "crop": { "size": 8 } }, { "mask": { "kind": "random", "ratio": 0.5 } } ] } """,
        ["pmsn"] = $$""" { "loss": { "prototypes": 10 }, {{Teacher}}, {{Patches}}, "views": [ { "crop": { "size": 8 } }, { "mask": { "kind": "random", "ratio": 0.5 } } ] } """,
        ["ibot"] = $$""" { "loss": { "prototypes": 10 }, {{Teacher}}, {{Patches}}, "views": [ {{Global}}, { "count": 2, "crop": { "size": 4 } } ] } """,
        ["dinov2"] = $$""" { "loss": { "prototypes": 10, "patchPrototypes": 6 }, {{Teacher}}, {{Patches}}, "views": [ {{Global}}, { "count": 1, "crop": { "size": 4 } } ] } """,
        ["deepcluster"] = """ { "loss": { "clusters": 6, "iterations": 3 }, "schedule": { "stillEpochs": 0.4 } } """,
        ["directpred"] = $$""" { {{Teacher}} } """,
        ["directset"] = $$""" { {{Teacher}} } """,
        ["ressl"] = $$""" { "loss": { "queue": 24 }, {{Teacher}} } """,
        ["tico"] = $$""" { {{Teacher}} } """,
        ["directclr"] = """ { "projector": { "shape": "" } } """,
        ["simdino"] = $$""" { {{Teacher}}, {{Patches}}, "views": [ { "count": 2, "crop": { "size": 8 } }, { "count": 1, "crop": { "size": 4 } } ] } """,
        ["simdinov2"] = $$""" { {{Teacher}}, {{Patches}}, "views": [ {{Global}}, { "count": 1, "crop": { "size": 4 } } ] } """,
        ["empssl"] = """ { "views": [ { "count": 4, "crop": { "size": 8 } } ] } """,
        ["sela"] = """ { "loss": { "prototypes": 6, "iterations": 20 }, "schedule": { "stillEpochs": 0.4 }, "views": [ { "crop": { "size": 8 } } ] } """,
        ["pcl"] = $$""" { "loss": { "queue": 24, "granularities": [4, 7], "fromEpoch": 1, "iterations": 3 }, {{Teacher}} } """,
        ["lejepa"] = """ { "loss": { "slices": 16 }, "views": [ { "count": 2, "crop": { "size": 8 } }, { "count": 1, "crop": { "size": 6 } } ] } """,
        ["nce"] = """ { "loss": { "noise": 5 }, "views": [ { "crop": { "size": 8 } } ] } """,
        ["nat"] = """ { "views": [ { "crop": { "size": 8 } } ] } """,
        ["pirl"] = """ { "loss": { "negatives": 5, "tile": 2 } } """,
        ["supervised"] = """ { "views": [ { "crop": { "size": 8 } } ] } """,
        ["rotnet"] = """ { "views": [ { "crop": { "size": 8 } } ] } """,
        ["relativepatch"] = """ { "loss": { "tile": 2 }, "views": [ { "crop": { "size": 8 } } ] } """,
        ["jigsaw"] = """ { "loss": { "tile": 2, "orders": 5 }, "views": [ { "crop": { "size": 8 } } ] } """,
        ["counting"] = """ { "optimizer": { "learningRate": 0.05 }, "views": [ { "crop": { "size": 8 } } ] } """,
        ["colorization"] = """ { "loss": { "bins": 4 }, "views": [ { "crop": { "size": 8 } } ] } """,
        ["contextencoder"] = """ { "loss": { "decoderWidth": 32, "place": "random" }, "views": [ { "crop": { "size": 8 } } ] } """,
        ["essl"] = """ { "loss": { "rotationWidth": 16 }, "views": [ { "count": 2, "crop": { "size": 8 } }, { "crop": { "size": 6 } } ] } """,
        ["data2vec"] = $$""" { "loss": { "layers": 2 }, {{Teacher}}, {{Patches}}, "views": [ { "mask": { "kind": "blockwise", "ratio": 0.5 } } ] } """,
        ["data2vec2"] = $$""" { "loss": { "masks": 2, "layers": 3, "decoderWidth": 8, "decoderDepth": 2, "decoderGroups": 2 }, {{Teacher}}, {{Patches}}, "views": [ { "mask": { "kind": "random", "ratio": 0.5 } } ] } """,
        ["ummae"] = $$""" { "loss": { "decoderWidth": 16, "decoderDepth": 1, "decoderHeads": 2, "second": 0.5 }, {{Patches}}, "views": [ { "mask": { "kind": "uniform", "ratio": 0.75 } } ] } """,
        ["beit"] = $$""" { "loss": { "words": 6, "iterations": 4 }, {{Patches}}, "views": [ { "mask": { "kind": "blockwise", "ratio": 0.4 } } ] } """,
        ["dbot"] = $$""" { "loss": { "decoderWidth": 16, "decoderDepth": 1, "decoderHeads": 2 }, {{Patches}}, "views": [ { "mask": { "kind": "random", "ratio": 0.75 } } ] } """,
        ["distill"] = """ { "views": [ { "crop": { "size": 8 } } ] } """,
        ["dinov2distill"] = $$""" { "loss": { "prototypes": 10, "patchPrototypes": 6 }, {{Patches}}, "views": [ { "count": 2, "crop": { "size": 8 } }, { "count": 1, "crop": { "size": 4 } } ] } """,
        ["densecl"] = $$""" { "loss": { "queue": 24 }, {{Teacher}}, "views": [ { "count": 2, "crop": { "size": 16 } } ] } """,
        ["vicregl"] = """ { "loss": { "matches": 3 }, "views": [ { "count": 2, "crop": { "size": 16 } } ] } """,
        ["equimod"] = """ { "loss": { "descriptionWidth": 8 }, "views": [ { "count": 3, "crop": { "size": 8 } } ] } """,
        ["sie"] = """ { "loss": { "hiddenWidth": 8 }, "optimizer": { "learningRate": 0.1 } } """,
        ["fcmae"] = """ { "loss": { "decoderWidth": 16 }, "backbone": { "name": "convnextv2-zepto", "patchSize": 8, "imageSize": 16 }, "views": [ { "crop": { "size": 16 }, "mask": { "kind": "random", "ratio": 0.5 } } ] } """,
        ["npid"] = """ { "views": [ { "crop": { "size": 8 } } ] } """,
    };

    /// <summary>Methods that need a teacher that does not change, and whose small run's initial weights it has.</summary>
    private static readonly Dictionary<string, string> s_teachers = new() { ["distill"] = "simclr", ["dinov2distill"] = "dinov2" };

    private static readonly ConcurrentDictionary<string, Lazy<string>> s_files = new();

    /// <summary>The weights that a small run of a method begins with, from another seed, as a safetensors file.</summary>
    public static string TeacherFile(string method) => s_files.GetOrAdd(method, m => new Lazy<string>(() =>
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("sslo-teacher-").FullName, $"{m}.safetensors");
        SaveInitial(Recipe(m) with { Seed = 11 }, path);
        return path;
    })).Value;

    /// <summary>Writes the weights that a recipe begins with as a safetensors file.</summary>
    public static void SaveInitial(Recipe recipe, string path)
    {
        using var replica = new Replica(recipe, CPU);
        var flat = replica.InitialParameters();
        File.WriteAllBytes(path, SafetensorsWriter.ToArray(replica.Layout.Entries.Select(e => new SafetensorsTensor(e.Name, e.Shape, flat[e.Offset..(e.Offset + e.Length)]))));
    }

    public static Recipe Recipe(string method, long steps = 4)
    {
        var json = JsonNode.Parse($$"""
            { "name": "small", "method": "{{method}}", "seed": 7, "steps": {{steps}}, "batch": { "effective": 12, "micro": 4 },
              "views": [ { "count": 2, "crop": { "size": 8 } } ], "projector": { "shape": "16-8", "batchNorm": true },
              "optimizer": { "learningRate": 0.5 } }
            """)!.AsObject();
        if (s_settings.TryGetValue(method, out var text) || SmallModalities.Settings.TryGetValue(method, out text))
        {
            foreach (var (key, value) in JsonNode.Parse(text)!.AsObject())
                json[key] = value!.DeepClone();
        }

        if (s_teachers.TryGetValue(method, out var teacher))
            (json["teacher"] ??= new JsonObject())["weights"] = TeacherFile(teacher);
        foreach (var view in json["views"]!.AsArray().Where(v => v!["kind"] is null))
            view!["crop"] ??= new JsonObject { ["size"] = 8 };
        return RecipeReader.Parse(json.ToJsonString());
    }

    /// <summary>Crops of random places, half of them mirrored, and factors of colour.</summary>
    private static float[] Descriptions(long[] ids, long draw) => [.. ids.SelectMany(id =>
    {
        var random = new RandomStream(2, Purpose.View, draw, id, 0);
        var row = ViewDescription.Whole();
        (row[ViewDescription.Left], row[ViewDescription.Top], row[ViewDescription.Width], row[ViewDescription.Height]) = (random.NextSingle(0, 0.5f), random.NextSingle(0, 0.5f), 0.5f, 0.5f);
        row[ViewDescription.Flip] = random.NextUInt32(2);
        row[ViewDescription.Brightness] = random.NextSingle(-0.4f, 0.4f);
        return row;
    })];

    /// <summary>Coloured noise around a class's mean; a pure function of sample, epoch and view.</summary>
    public sealed class Data(Recipe recipe) : IViewProvider
    {
        public long Samples => SmallRun.Samples;

        public long[] SampleIds(long firstPosition, int count)
            => [.. Enumerable.Range(0, count).Select(i => (firstPosition + i) * 7 % SmallRun.Samples)];

        public MicroBatchViews Render(long firstPosition, int count)
        {
            var ids = SampleIds(firstPosition, count);
            var views = recipe.Views.SelectMany(v => Enumerable.Repeat(v, v.Count)).Select((settings, view) =>
            {
                if (settings.Kind != ViewKind.Image)
                    return SmallModalities.View(recipe, settings, firstPosition, ids, view);
                var size = settings.Crop.Size;
                var pixels = new float[count * 3 * size * size];
                for (var row = 0; row < count; row++)
                {
                    var random = new RandomStream(1, Purpose.View, (firstPosition + row) / SmallRun.Samples, ids[row], view);
                    for (var i = 0; i < 3 * size * size; i++)
                        pixels[(row * 3 * size * size) + i] = (0.5f * random.NextNormal()) + (i / (size * size) == ids[row] % 3 ? 1 : 0);
                }

                return new ViewBuffer(pixels, size, size) { Descriptions = Descriptions(ids, (firstPosition / SmallRun.Samples) + view) };
            });
            return new MicroBatchViews(ids, [.. views], Array.ConvertAll(ids, id => (int)(id % 3)));
        }
    }
}
