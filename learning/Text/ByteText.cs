using System.Text;

namespace SslOrleans.Learning.Text;

/// <summary>
/// Bytes as characters that can be seen, one for one (GPT-2's table, Radford et al. 2019): merges are then pairs of strings.
/// </summary>
internal static class ByteText
{
    private static readonly char[] s_characters = Table();

    /// <summary>All 256, in the order of their bytes.</summary>
    public static IReadOnlyList<char> Characters => s_characters;

    /// <summary>The UTF-8 bytes of a text as such characters.</summary>
    public static string Of(ReadOnlySpan<char> text)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        return string.Create(bytes.Length, bytes, (target, from) =>
        {
            for (var i = 0; i < from.Length; i++)
                target[i] = s_characters[from[i]];
        });
    }

    private static char[] Table()
    {
        var table = new char[256];
        var beyond = 256;
        for (var b = 0; b < 256; b++)
            table[b] = b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF) ? (char)b : (char)beyond++;
        return table;
    }
}
