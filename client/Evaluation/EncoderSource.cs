using System.Text.Json;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Checkpoints;
using SslOrleans.Learning.Evaluate;
using SslOrleans.Learning.Training;

namespace SslOrleans.Client.Evaluation;

/// <summary>An encoder with what is known about it.</summary>
/// <param name="Encoder">With weights.</param>
/// <param name="Recipe">Backbone, view size, normalisation, and of a run its views.</param>
/// <param name="DataPath">Images that the run was trained on; empty for a file.</param>
/// <param name="Step">Commits in the weights; −1 when the file does not say.</param>
/// <param name="WeightsHash">As in the ledger; empty when the file does not say.</param>
public sealed record EncoderSource(Encoder Encoder, Recipe Recipe, string DataPath, long Step, string WeightsHash)
{
    /// <summary>Keys under which <c>sslo export</c> writes what a reader needs beside the weights.</summary>
    public const string BackboneKey = "backbone";

    /// <inheritdoc cref="BackboneKey"/>
    public const string NormalizeKey = "normalize";

    /// <inheritdoc cref="BackboneKey"/>
    public const string SizeKey = "size";

    /// <summary>Opens a run's checkpoint or a file.</summary>
    /// <exception cref="UserErrorException">There is neither, or the file is not what it should be.</exception>
    public static async Task<EncoderSource> Open(EvaluateRequest order)
    {
        if (order.Untrained is { } recipe)
            return new EncoderSource(Encoder.OfRecipe(recipe, teacher: false, order.Device), recipe, "", 0, "");
        if (!order.What.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) && !File.Exists(order.What))
            return await OfRun(order);
        if (order.Teacher || order.Step is not null)
            throw new UserErrorException("--teacher and --step choose among a run's weights; a file has one encoder. Leave them out, or name the run.");
        return OfFile(order);
    }

    private static async Task<EncoderSource> OfRun(EvaluateRequest order)
    {
        if (order.RecipeName is not null)
            throw new UserErrorException("--recipe is for files; a run has its own recipe. Change single values with --set.");
        var storage = RunStorage.Open(order.Runs);
        var own = await RunRecord.ReadRecipe(storage, order.What);
        var recipe = RecipeReader.Parse(RecipeReader.Write(own), order.Overrides, order.What);
        var record = await RunRecord.Read(storage, order.What);
        var store = new CheckpointStore(storage, order.What);
        var step = order.Step ?? (await store.Newest()).Found?.Step
            ?? throw new UserErrorException($"Run {order.What} has no whole checkpoint yet; write one with `sslo stop {order.What}`.");
        if (!(await store.Steps()).Contains(step))
            throw new UserErrorException($"Run {order.What} has no checkpoint {step}; it has {string.Join(", ", await store.Steps())}.");
        var encoder = Encoder.OfRecipe(recipe, order.Teacher, order.Device);
        try
        {
            var content = await store.Read(step);
            var slice = new LayoutSlice(0, 0, encoder.Layout.Length, encoder.Layout.Entries);
            encoder.Load(Flat(slice, content.Parameters), content.Teacher.Count == 0 ? [] : Flat(slice, content.Teacher));
            return new EncoderSource(encoder, recipe, record?.DataPath ?? "", step, content.WeightsHash);
        }
        catch
        {
            encoder.Dispose();
            throw;
        }

        float[] Flat(LayoutSlice slice, IReadOnlyDictionary<string, CheckpointTensor> tensors)
        {
            var flat = new float[slice.Length];
            foreach (var entry in slice.Entries)
            {
                if (tensors.TryGetValue(entry.Name, out var tensor))
                    tensor.Values.CopyTo(flat, entry.Offset);
            }

            return flat;
        }
    }

    private static EncoderSource OfFile(EvaluateRequest order)
    {
        if (!File.Exists(order.What))
            throw new UserErrorException($"{order.What} does not exist; write an encoder with `sslo export RUN {order.What}`.");
        SafetensorsFile file;
        try
        {
            file = SafetensorsFile.Load(order.What);
        }
        catch (SafetensorsException e)
        {
            throw new UserErrorException($"{e.Message} Write the encoder again with `sslo export`.", e);
        }

        var recipe = order.RecipeName is { } name
            ? RecipeReader.Read(ProjectFiles.FindRecipe(name), order.Overrides)
            : Described(file, order);
        var step = file.Metadata.TryGetValue("step", out var text) && long.TryParse(text, out var number) ? number : -1;
        return new EncoderSource(Encoder.OfFile(file, order.What, recipe.Backbone, order.Device), recipe, "", step, file.Metadata.GetValueOrDefault("weights") ?? "");
    }

    /// <summary>A recipe of what the file's metadata say.</summary>
    private static Recipe Described(SafetensorsFile file, EvaluateRequest order)
    {
        if (!file.Metadata.TryGetValue(BackboneKey, out var backbone) || !file.Metadata.TryGetValue(NormalizeKey, out var normalize) || !file.Metadata.TryGetValue(SizeKey, out var size))
            throw new UserErrorException($"{order.What} does not say which backbone it holds; name a recipe with the same backbone, view size and normalisation, as in --recipe simclr-cifar10.");
        return RecipeReader.Parse(
            $$"""{ "name": "file", "method": "simclr", "backbone": {{backbone}}, "normalize": {{normalize}}, "views": [ { "count": 1, "crop": { "size": {{size}} } } ] }""",
            order.Overrides,
            order.What);
    }

    /// <summary>What <c>sslo export</c> writes about a recipe.</summary>
    public static Dictionary<string, string> Describe(Recipe recipe) => new()
    {
        [BackboneKey] = JsonSerializer.Serialize(recipe.Backbone, RecipeReader.SerializerOptions),
        [NormalizeKey] = JsonSerializer.Serialize(recipe.Normalize, RecipeReader.SerializerOptions),
        [SizeKey] = recipe.Views[0].Crop.Size.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };
}
