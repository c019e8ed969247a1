using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Training;

namespace SslOrleans.Learning.Tests;

/// <summary>The recipe of a method that takes minutes, and the data that it is measured on.</summary>
internal static class QuickRecipes
{
    /// <summary>Its name without an extension.</summary>
    public static string Of(string method) => $"{method}-{MethodCatalog.Find(method).Modalities[0] switch
    {
        Modality.TextImage => "captions",
        Modality.Table => "table",
        Modality.Text => "text",
        Modality.Audio => "sound",
        Modality.Video => "clip",
        _ => "cifar10",
    }}-quick";

    /// <summary>A folder of this machine.</summary>
    public static DataAccess Access(string path) => new((split, options) => ImageSources.Open(path, split, options), () => new FolderFiles(path));
}
