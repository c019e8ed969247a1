using System.Text.Json;
using System.Text.Json.Nodes;

namespace SslOrleans.Contracts.Recipes;

/// <summary>Which keys of a view belong to which kind, and which kinds to which modality.</summary>
public static class ViewKinds
{
    private static readonly string[] s_common = ["kind", "count"];

    private static readonly string[] s_image = ["crop", "flip", "jitter", "grayscale", "blur", "solarize", "rotation", "order", "mask"];

    /// <summary>A word as recipes write it: <c>text-image</c>.</summary>
    public static string Name<T>(T value)
        where T : struct, Enum
        => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());

    /// <summary>Kinds of views that a modality's samples give.</summary>
    public static IReadOnlyList<ViewKind> Of(Modality modality) => modality switch
    {
        Modality.TextImage => [ViewKind.Image, ViewKind.Text],
        Modality.Text => [ViewKind.Text],
        Modality.Table => [ViewKind.Row],
        Modality.Audio => [ViewKind.Spectrogram],
        Modality.Video => [ViewKind.Clip],
        _ => [ViewKind.Image],
    };

    /// <summary>Keys that describe a view of a kind, <c>kind</c> and <c>count</c> left aside.</summary>
    public static IReadOnlyList<string> Keys(ViewKind kind) => kind switch
    {
        ViewKind.Image => s_image,
        ViewKind.Clip => [.. s_image.Except(["mask"]), Name(kind)],
        _ => [Name(kind)],
    };

    /// <summary>Refuses keys of another kind than the view's.</summary>
    /// <param name="recipe">Its keys are known ones.</param>
    /// <param name="where">For messages.</param>
    /// <exception cref="UserErrorException">A view has such a key.</exception>
    internal static void Check(JsonObject recipe, string where)
    {
        foreach (var (i, view) in (recipe["views"] as JsonArray ?? []).Index())
        {
            if (view is not JsonObject keys)
                continue;
            var kind = Kind(keys);
            if (keys.Select(k => k.Key).FirstOrDefault(k => !s_common.Contains(k) && !Keys(kind).Contains(k)) is { } other)
            {
                throw new UserErrorException(
                    $"{where}: views.{i}.{other} is for views of another kind than \"{Name(kind)}\", which takes {string.Join(", ", Keys(kind))}; leave it out, or set views.{i}.kind.");
            }
        }
    }

    /// <summary>Leaves the keys of a view's own kind alone and takes the others away.</summary>
    internal static void Strip(JsonObject recipe)
    {
        foreach (var view in (recipe["views"] as JsonArray ?? []).OfType<JsonObject>())
        {
            var kind = Kind(view);
            foreach (var other in view.Select(k => k.Key).Where(k => !s_common.Contains(k) && !Keys(kind).Contains(k)).ToList())
                view.Remove(other);
        }
    }

    private static ViewKind Kind(JsonObject view)
        => view["kind"] is JsonValue value && value.TryGetValue<string>(out var name)
            ? Enum.GetValues<ViewKind>().FirstOrDefault(k => Name(k) == name)
            : ViewKind.Image;
}
