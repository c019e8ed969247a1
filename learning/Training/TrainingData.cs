using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Data;

namespace SslOrleans.Learning.Training;

/// <summary>How a run's data is reached, wherever it is.</summary>
/// <param name="Images">Opens a split of pictures.</param>
/// <param name="Files">The files at the place, for what is no picture; whoever calls it disposes of them.</param>
public sealed record DataAccess(Func<string, SourceOptions, IImageSource> Images, Func<IDataFiles> Files);

/// <summary>Opens the data of a recipe by its modality.</summary>
public static class TrainingData
{
    /// <param name="recipe">Which data and views.</param>
    /// <param name="access">How to reach it.</param>
    /// <exception cref="UserErrorException">The data or the recipe's view of it is wrong.</exception>
    public static ITrainingData Open(Recipe recipe, DataAccess access) => recipe.Data.Modality switch
    {
        Modality.Image => new ImageTrainingData(recipe, access.Images),
        Modality.TextImage => new TextImageTrainingData(recipe, access.Images),
        Modality.Table => new TableTrainingData(recipe, access.Files),
        Modality.Text => new TextTrainingData(recipe, access.Files),
        Modality.Audio => new SoundTrainingData(recipe, access.Files),
        Modality.Video => new VideoTrainingData(recipe, access.Files),
        var other => throw new ArgumentOutOfRangeException(nameof(recipe), other, "No such modality."),
    };
}
