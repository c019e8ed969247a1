using System.Text;
using System.Text.Json;

namespace SslOrleans.Learning.Data;

/// <summary>Reads captions: UTF-8 text, or the <c>caption</c> of a JSON object. Several lines are several captions of one sample.</summary>
internal static class Captions
{
    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);

    /// <summary>A text file's caption without blank lines; null when it is not UTF-8 or holds a zero byte.</summary>
    public static string? OfText(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var text = s_strict.GetString(bytes).TrimStart('\uFEFF');
            return text.Contains('\0', StringComparison.Ordinal) ? null : Lines(text);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    /// <summary><c>"caption": "…"</c>, or a list of them; empty where there is none.</summary>
    public static string OfJson(JsonElement sample)
    {
        if (sample.ValueKind != JsonValueKind.Object || !sample.TryGetProperty("caption", out var caption))
            return "";
        return caption.ValueKind switch
        {
            JsonValueKind.String => Lines(caption.GetString()!),
            JsonValueKind.Array => Lines(string.Join('\n', caption.EnumerateArray().Where(c => c.ValueKind == JsonValueKind.String).Select(c => c.GetString()!.ReplaceLineEndings(" ")))),
            _ => "",
        };
    }

    private static string Lines(string text) => string.Join('\n', text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
}
