using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Clips;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Data.Tables;
using SslOrleans.Learning.Sounds;

namespace SslOrleans.Client.Commands;

/// <summary>What <c>sslo quickstart</c> trains on samples of one kind.</summary>
/// <param name="Recipe">Its recipe.</param>
/// <param name="Folder">Where the generated data goes.</param>
/// <param name="What">The data, for people.</param>
/// <param name="Draw">Makes it.</param>
/// <param name="Metric">What says that something was learnt.</param>
/// <param name="Says">That number in words.</param>
public sealed record Quickstart(string Recipe, string Folder, string What, Action<string> Draw, string Metric, string Says)
{
    /// <summary>A metric beside it that needs no training, and its name in words; empty: none.</summary>
    public (string Metric, string Says) Baseline { get; init; } = ("", "");

    private const int Rows = 4000;
    private const int TestRows = 2000;
    private const int Recordings = 2000;
    private const int TestRecordings = 800;
    private const int TrainImages = 5000;
    private const int TestImages = 1000;

    private static readonly Dictionary<Modality, Quickstart> s_all = new()
    {
        [Modality.Image] = new(
            "quickstart", Path.Combine("data", "generated"), $"{TrainImages} pictures to train on and {TestImages} held out", Images,
            "knn", $"kNN accuracy on {TestImages} held-out images"),
        [Modality.TextImage] = new(
            "quickstart-text-image", Path.Combine("data", "generated-captions"), $"{TrainImages} pictures with captions and {TestImages} held out", Images,
            "zeroshot", $"Zero-shot accuracy on {TestImages} held-out images, by the names of the ten classes alone"),
        [Modality.Text] = new(
            "quickstart-text", Path.Combine("data", "generated-text"), $"{Rows} sentences to train on and {TestRows} held out", folder => GeneratedText.Write(folder, Rows, TestRows, seed: 0),
            "linear", $"Accuracy on {TestRows} held-out sentences of a linear classifier of the features, six topics"),
        [Modality.Audio] = new(
            "quickstart-audio", Path.Combine("data", "generated-sounds"), $"{Recordings} sounds to train on and {TestRecordings} held out", folder => GeneratedSounds.Write(folder, Recordings, TestRecordings, seed: 0),
            "linear", $"Accuracy on {TestRecordings} held-out sounds of a linear classifier of the features, four instruments with major or minor chords"),
        [Modality.Video] = new(
            "quickstart-video", Path.Combine("data", "generated-videos"), $"{Recordings} videos to train on and {TestRecordings} held out", folder => GeneratedClips.Write(folder, Recordings, TestRecordings, seed: 0),
            "linear", $"Accuracy on {TestRecordings} held-out videos of a linear classifier of the features, eight motions"),
        [Modality.Table] = new(
            "quickstart-table", Path.Combine("data", "generated-table"), $"a table of {Rows} rows to train on and {TestRows} held out", folder => GeneratedTable.Write(folder, Rows, TestRows, seed: 0),
            "fewshot.25", $"Accuracy on {TestRows} held-out rows of a linear classifier of the features with 25 % of the labels")
        {
            Baseline = ("fewshot.25@raw", "the same classifier on the raw columns"),
        },
    };

    /// <summary>The one of a modality.</summary>
    /// <param name="modality">As recipes write it.</param>
    /// <exception cref="UserErrorException">There is no such modality, or nothing that it could train.</exception>
    public static Quickstart Of(string modality)
    {
        var names = s_all.Keys.Select(ViewKinds.Name).ToList();
        return s_all.FirstOrDefault(q => ViewKinds.Name(q.Key) == modality).Value
            ?? throw new UserErrorException($"--modality is \"{modality}\"; use one of {string.Join(", ", names)}{(RecipeKeys.Near(modality, names) is { } near ? $"; the nearest is \"{near}\"" : "")}.");
    }

    /// <summary>All modalities that have one, joined.</summary>
    public static string Names => string.Join(", ", s_all.Keys.Select(ViewKinds.Name));

    /// <summary>The data's folder; made when it is not there.</summary>
    public string Provide(Screen screen)
    {
        if (Directory.Exists(Folder) && Directory.EnumerateFileSystemEntries(Folder).Any() && !Directory.EnumerateFiles(Folder, "*.part").Any())
        {
            screen.Line($"data: {Folder}, from last time");
            return Folder;
        }

        screen.Line($"data: drawing {What}, into {Folder}");
        Draw(Folder);
        return Folder;
    }

    private static void Images(string folder) => GeneratedImages.Write(folder, TrainImages, TestImages, seed: 0);
}
