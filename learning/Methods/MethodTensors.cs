using SslOrleans.Learning.Numerics;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using SslOrleans.Contracts.Recipes;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>An embedding or a state of a method.</summary>
/// <param name="Name">As in <c>z1</c>, <c>queue</c>.</param>
/// <param name="Shape">As in <c>[N, D]</c>; N images, D width of the projections, F of the features, K prototypes or clusters, L rows
/// of a queue, H hidden patches, P patches or places, m drawn rows, r half of a view's side, p side of a patch, V views; of text T tokens, V tokens of
/// the vocabulary.</param>
/// <param name="HasGradient">The loss gives a gradient for it.</param>
public sealed record MethodTensor(string Name, string Shape, bool HasGradient);

/// <summary>
/// The tensors that a method's loss reads, found by running the method itself on images of zeros with sizes that can be told apart:
/// nothing has to be declared twice.
/// </summary>
public sealed record MethodTensors(IReadOnlyList<MethodTensor> Embeddings, IReadOnlyList<MethodTensor> State)
{
    private const int Images = 14;
    private const int Projection = 10;
    private const int Prototypes = 13;
    private const int QueueRows = 28;
    private const int Grid = 3;
    private const int Negatives = 11;
    private const int HiddenPatches = 5;
    private const int TextLength = 17;
    private const int Vocabulary = 300;

    /// <summary>As a recipe writes <see cref="HiddenPatches"/> of the grid.</summary>
    private const string HiddenShare = "0.5556";

    private static readonly ConcurrentDictionary<(string Method, int Views, string Settings), MethodTensors> s_known = new();

    /// <param name="method">Its name.</param>
    /// <param name="views">Views per image; null for the fewest that the method takes.</param>
    /// <param name="settings">Recipe overrides such as <c>loss.symmetric=true</c>; sizes that they set are put back.</param>
    public static MethodTensors Of(string method, int? views = null, IReadOnlyList<string>? settings = null)
    {
        var count = views ?? MethodCatalog.Find(method).Views;
        return s_known.GetOrAdd((method, count, string.Join('\n', settings ?? [])), _ => Find(method, count, settings ?? []));
    }

    /// <summary>Recipe text for so many views: those that the method wants masked, and those beside them.</summary>
    private static string ViewGroups(MethodAttribute method, int views, string crop, double ratio, int cell)
    {
        string Group(int count, string mask) => $$"""{ "count": {{count}}, "crop": {{crop}}{{mask}} }""";
        var masked = string.Create(CultureInfo.InvariantCulture, $$""", "mask": { "kind": "{{method.MaskKind}}", "ratio": {{ratio}}, "cellSize": {{cell}} }""");
        return method.Masked == 0 ? $"[{Group(views, "")}]"
            : method.Masked == views ? $"[{Group(views, masked)}]"
            : $"[{Group(method.Masked, masked)}, {Group(views - method.Masked, "")}]";
    }

    /// <summary>Recipe text for a method's samples and so many views of them.</summary>
    internal static string Samples(MethodAttribute method, int views, string crop, double ratio, int cell = 2) => method.Modalities[0] switch
    {
        Modality.TextImage => $$"""
            "data": { "modality": "text-image" }, "views": [{ "count": {{views - 1}}, "crop": {{crop}} }, { "kind": "text" }]
            """,
        Modality.Text => $$"""
            "data": { "modality": "text" }, "text": { "vocabulary": {{Vocabulary}}, "dropout": 0.1 }, "views": [{ "kind": "text", "text": { "length": {{TextLength}} } }{{(views == 2 ? $$""", { "kind": "text", "text": { "length": {{TextLength}}, "mask": 0.15 } }""" : "")}}]
            """,
        Modality.Audio => $$"""
            "data": { "modality": "audio" }, "sound": { "bands": {{Grid * method.PatchSize}} }, "views": [{ "kind": "spectrogram", "count": {{views}}, "spectrogram": { "frames": {{Grid * method.PatchSize}}{{Hides(method, "random")}} } }]
            """,
        Modality.Video => $$"""
            "data": { "modality": "video" }, "views": [{ "kind": "clip", "count": {{views}}, "crop": { "size": {{Grid * method.PatchSize}} }, "clip": { "frames": 2{{Hides(method, "tube")}} } }]
            """,
        Modality.Table => $$"""
            "data": { "modality": "table" }, "views": [{ "kind": "row", "count": {{views}} }]
            """,
        _ => $$"""
            "views": {{ViewGroups(method, views, crop, ratio, cell)}}
            """,
    };

    private static string Hides(MethodAttribute method, string kind) => method.Masked == 0 ? "" : $$""", "mask": { "kind": "{{kind}}", "ratio": {{HiddenShare}} }""";

    /// <summary>A small backbone of a method's samples.</summary>
    internal static string Backbone(MethodAttribute method) => method.Modalities[0] switch
    {
        Modality.Table => method.Name == "saint" ? "saint-nano" : "table-mlp-small",
        Modality.Text => method.Name == "skipgram" ? "text-bag-small" : "text-nano",
        _ => method.Backbone,
    };

    private static MethodTensors Find(string method, int views, IReadOnlyList<string> settings)
    {
        var (recipe, attribute) = (Recipe(method, views, settings), MethodCatalog.Find(method));
        ThreadCount.Set(1);
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var created = MethodCatalog.Create(recipe);
        using var networks = created.Build();
        var step = new StepContext
        {
            Seed = 0, Step = 1, TotalSteps = 2, EffectiveBatch = Images, Device = CPU, SampleIds = [.. Enumerable.Range(0, Images).Select(i => (long)i)],
        };
        networks.Student.Backbone.BeginMicroBatch(0, 0, step.SampleIds);
        foreach (var parameter in networks.Teacher?.parameters() ?? [])
            parameter.requires_grad = false;
        using var on = enable_grad();
        var embeddings = created.Encode(networks, BlankViews.Of(recipe, Images).WithoutMasks(), step);
        var (width, patch) = (networks.Student.Backbone.FeatureDimension, recipe.Backbone.PatchSize);
        return new MethodTensors(
            [.. embeddings.Select(e => new MethodTensor(e.Key, Symbols(e.Value.shape, width, patch, attribute), e.Value.requires_grad)), .. attribute.AlsoTakes.Select(AlsoTaken)],
            [.. created.State.Select(s => new MethodTensor(s.Name, Symbols(s.Shape, width, patch, attribute), false))]);
    }

    private static Recipe Recipe(string method, int views, IEnumerable<string> settings)
    {
        var loss = new JsonObject();
        var (attribute, known) = (MethodCatalog.Find(method), MethodCatalog.DefaultOptions(method));
        foreach (var (key, value) in new (string, int)[]
        {
            ("prototypes", Prototypes), ("clusters", Prototypes), ("words", Prototypes), ("orders", Prototypes), ("negatives", Negatives), ("queue", QueueRows), ("subBatch", Images),
            ("neighbours", 1), ("decoderWidth", 16), ("decoderDepth", 1), ("decoderHeads", 2), ("frozenEpochs", 0),
        })
        {
            if (known.ContainsKey(key))
                loss[key] = value;
        }

        // A queue that is off by default stays off unless the settings turn it on.
        if (known["queue"] is JsonValue v && v.GetValue<int>() == 0)
            loss.Remove("queue");
        var sized = loss.Select(l => $"loss.{l.Key}=").ToList();
        // Blocks of one patch each: as many hidden patches as a mask has.
        if (known.ContainsKey("targetScale"))
            (loss["targets"], loss["targetScale"]) = (HiddenPatches, new JsonArray(0.11, 0.12));
        return RecipeReader.Parse(
            $$"""
            {
              "name": "{{method}}", "method": "{{method}}", "batch": { "effective": {{Images}}, "micro": {{Images}} }, "loss": {{loss.ToJsonString()}},
              {{Samples(attribute, views, $$"""{ "size": {{Grid * attribute.PatchSize}} }""", (double)HiddenPatches / (Grid * Grid), Grid)}},
              "backbone": { "name": "{{Backbone(attribute)}}", "patchSize": {{attribute.PatchSize}}, "imageSize": {{Grid * attribute.PatchSize}} }, "projector": { "shape": "{{Projection}}" },
              "teacher": { "weights": "{{(attribute.FrozenTeacher == FrozenTeacher.Required ? method : "")}}" }
            }
            """,
            settings.Where(s => !sized.Any(z => s.StartsWith(z, StringComparison.Ordinal)) && !IsSize(s)).Select(s => s.StartsWith("loss.queue=", StringComparison.Ordinal) ? $"loss.queue={QueueRows}" : s),
            method);

        static bool IsSize(string setting) => new[] { "batch.", "projector.", "predictor.", "backbone.", "views." }.Any(p => setting.StartsWith(p, StringComparison.Ordinal));
    }

    private static string Symbols(IEnumerable<long> shape, int features, int patch, MethodAttribute method) => "[" + string.Join(", ", shape.Select(d =>
        d switch
        {
            -1 => "samples",
            Images => "N",
            Projection => "D",
            Prototypes => "K",
            QueueRows => "L",
            HiddenPatches => "H",
            TextLength => "T",
            Vocabulary => "V",
            Grid * Grid => "P",
            Negatives => "m",
            _ when d == Grid * patch / 2 => "r",
            _ when method.Modalities[0] == Modality.Audio && d == patch * patch => "p·p",
            _ when method.Modalities[0] == Modality.Video && d == 2 * patch * patch * 3 => "2·p·p·3",
            _ when d == 3 * patch * patch => "p·p·3",
            _ when d == features => "F",
            _ => d.ToString(CultureInfo.InvariantCulture),
        })) + "]";

    private static MethodTensor AlsoTaken(string text)
    {
        var (space, end) = (text.IndexOf(' '), text.IndexOf(']') + 1);
        return new MethodTensor(text[..space], text[(space + 1)..end], text[end..] != ", no gradient");
    }
}
