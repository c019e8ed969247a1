using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Clips;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Data.Tables;
using SslOrleans.Learning.Sounds;

namespace SslOrleans.Tests.Grains.Support;

/// <summary>Recipes and images that take milliseconds.</summary>
internal static class SmallRuns
{
    private static readonly Lazy<string> s_images = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("sslo-images-").FullName;
        GeneratedImages.Write(folder, 96, 32, 3);
        return folder;
    });

    private static readonly Lazy<string> s_table = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("sslo-table-").FullName;
        GeneratedTable.Write(folder, 96, 32, 3);
        return folder;
    });

    private static readonly Lazy<string> s_text = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("sslo-text-").FullName;
        GeneratedText.Write(folder, 96, 32, 3);
        return folder;
    });

    private static readonly Lazy<string> s_sounds = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("sslo-sounds-").FullName;
        GeneratedSounds.Write(folder, 96, 32, 3);
        return folder;
    });

    private static readonly Lazy<string> s_videos = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("sslo-videos-").FullName;
        GeneratedClips.Write(folder, 96, 32, 3);
        return folder;
    });

    /// <summary>Data of a recipe's kind of samples, 96 to train on and 32 to test with.</summary>
    public static string DataOf(Recipe recipe) => recipe.Data.Modality switch
    {
        Modality.Table => s_table.Value,
        Modality.Text => s_text.Value,
        Modality.Audio => s_sounds.Value,
        Modality.Video => s_videos.Value,
        _ => Images,
    };

    /// <summary>A folder with 96 training and 32 test images.</summary>
    public static string Images => s_images.Value;

    /// <summary>With the rate of the others VICReg's gradients grow until a last bit decides between learning and NaN.</summary>
    public static Recipe Recipe(string method, params string[] overrides) => RecipeReader.Parse(
        $$"""
        {
          "name": "small", "method": "{{method}}", "seed": 7, "steps": 12,
          "batch": { "effective": 24, "micro": 4 },
          "views": [ { "count": 2, "crop": { "size": 8 }, "jitter": { "probability": 0.8 } } ],
          "projector": { "shape": "32-16", "batchNorm": {{(method is "byol" ? "true" : "false")}} },
          "predictor": { "shape": "{{(method is "byol" ? "32-16" : "")}}", "batchNorm": {{(method is "byol" ? "true" : "false")}} },
          "loss": {{(method is "mocov2" ? "{ \"queue\": 96 }" : "{}")}},
          "optimizer": { "learningRate": {{(method is "vicreg" ? 0.03 : 0.3)}} },
          "workers": { "slices": 3 },
          "checkpoint": { "everySteps": 5, "keep": 2 },
          "evaluation": { "knn": false }
        }
        """,
        overrides);
}
