using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Checkpoints;
using SslOrleans.Learning.Clips;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Data.Tables;
using SslOrleans.Learning.Evaluate;
using SslOrleans.Learning.Sounds;
using SslOrleans.Learning.Training;
using SslOrleans.Learning.Tests;
using static TorchSharp.torch;

namespace SslOrleans.Recipes.Tests;

/// <summary>
/// The quick recipe of a method, trained as it is on generated images, beats the untrained encoder's kNN by the margin that
/// docs/methods/proofs.json holds.
/// </summary>
public partial class QuickRecipeTests
{
    internal static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", ".."));

    private static readonly Lazy<string> s_images = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("sslo-quick-").FullName;
        GeneratedImages.Write(folder, 5000, 1000, 0);
        return folder;
    });

    private static readonly Lazy<string> s_table = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("sslo-quick-").FullName;
        GeneratedTable.Write(folder, 4000, 2000, 0);
        return folder;
    });

    private static readonly Lazy<string> s_text = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("sslo-quick-").FullName;
        GeneratedText.Write(folder, 4000, 2000, 0);
        return folder;
    });

    private static readonly Lazy<string> s_sounds = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("sslo-quick-").FullName;
        GeneratedSounds.Write(folder, 2000, 800, 0);
        return folder;
    });

    private static readonly Lazy<string> s_videos = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("sslo-quick-").FullName;
        GeneratedClips.Write(folder, 2000, 800, 0);
        return folder;
    });

    /// <summary>Method and the points that its run must gain.</summary>
    public static TheoryData<string, double> Margins
    {
        get
        {
            using var proofs = JsonDocument.Parse(File.ReadAllText(Path.Combine(Root, "docs", "methods", "proofs.json")));
            var data = new TheoryData<string, double>();
            foreach (var method in proofs.RootElement.EnumerateObject().Where(m => m.Value.GetProperty("margin").GetDouble() > 0))
                data.Add(method.Name, method.Value.GetProperty("margin").GetDouble());
            return data;
        }
    }

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Margins))]
    public async Task KnnBeatsTheUntrainedEncoder(string method, double margin)
    {
        var recipe = WithTeacher(RecipeReader.Read(Recipe(method)));
        using var data = TrainingData.Open(recipe, QuickRecipes.Access(recipe.Data.Modality switch { Modality.Table => s_table.Value, Modality.Text => s_text.Value, Modality.Audio => s_sounds.Value, Modality.Video => s_videos.Value, _ => s_images.Value }));
        recipe = TableColumns.Described(recipe, QuickRecipes.Access(s_table.Value).Files);
        using var trainer = new LocalTrainer(recipe, data, lanes: 2);
        using var encoder = Encoder.OfRecipe(recipe, teacher: false, CPU);
        var before = await Knn();
        while (trainer.Step < trainer.Plan.TotalSteps)
            trainer.RunStep();
        var gained = 100 * (await Knn() - before);
        Assert.True(gained >= margin, $"{method}: kNN {100 * before:F1} % untrained, {gained:+0.0;-0.0} points after {trainer.Step} steps; {margin} are held");

        async Task<double> Knn()
        {
            encoder.Load(trainer.Parameters, trainer.Teacher);
            using var features = (await FeaturePass.Run(encoder, data, new FeatureOrder()))[0];
            return KnnProbe.Evaluate(features.Labelled(), [recipe.Evaluation.Neighbours], [recipe.Evaluation.Temperature])[0].Accuracy;
        }
    }

    /// <summary>A recipe that learns from another run's checkpoint gets that run, trained here: <c>runs/RECIPE/checkpoints/STEP/params.safetensors</c>.</summary>
    private static Recipe WithTeacher(Recipe recipe)
    {
        if (recipe.Teacher.Weights.Split('/') is not ["runs", var name, "checkpoints", var steps, _])
            return recipe;
        var own = RecipeReader.Read(Path.Combine(Root, "recipes", $"{name}.jsonc"));
        using var data = new ImageTrainingData(own, s_images.Value);
        using var trainer = new LocalTrainer(own, data, lanes: 2);
        while (trainer.Step < long.Parse(steps, CultureInfo.InvariantCulture))
            trainer.RunStep();
        var flat = trainer.Parameters.ToArray();
        var file = Path.Combine(s_images.Value, $"{name}.safetensors");
        File.WriteAllBytes(file, SafetensorsWriter.ToArray(trainer.Layout.Entries.Select(e => new SafetensorsTensor(e.Name, e.Shape, flat[e.Offset..(e.Offset + e.Length)]))));
        return recipe with { Teacher = recipe.Teacher with { Weights = file } };
    }

    [Theory]
    [MemberData(nameof(Margins))]
    public void TheHeaderSaysWhatWasMeasuredAndTheMarginIsBelowIt(string method, double margin)
    {
        var header = Measured().Match(File.ReadAllText(Recipe(method)));
        Assert.True(header.Success, $"{method}: the recipe's header has no measured kNN");
        var gained = double.Parse(header.Groups[2].Value, CultureInfo.InvariantCulture) - double.Parse(header.Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.InRange(margin, 1, gained - 0.5);
    }

    private static string Recipe(string method) => Path.Combine(Root, "recipes", $"{QuickRecipes.Of(method)}.jsonc");

    [GeneratedRegex(@"^// Measured on generated (?:images|data): kNN ([0-9.]+) % untrained, ([0-9.]+) % after", RegexOptions.Multiline)]
    private static partial Regex Measured();

    private static string Here([CallerFilePath] string path = "") => path;
}
