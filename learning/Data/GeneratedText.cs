using System.Text;
using SslOrleans.Contracts;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Data;

/// <summary>
/// Sentences for machines without a text: six topics with forty made-up words each, of which a sentence has three among five words that all topics share. A word is drawn alone, so
/// that only what stands beside it tells its topic. Label of line i is topic i mod 6. A pure function of the seed.
/// </summary>
public static class GeneratedText
{
    private const int Topics = 6;
    private const int OwnWords = 40;
    private const int SharedWords = 60;

    private static readonly string[] s_syllables = ["ba", "do", "fi", "gu", "ka", "le", "mo", "nu", "pe", "ri", "so", "ta", "vu", "we", "xi", "zo"];

    /// <summary>Writes <c>generated-train.txt</c> and <c>generated-test.txt</c>, lines of <c>topic TAB sentence</c>.</summary>
    /// <exception cref="UserErrorException">The folder holds a text, or cannot be written.</exception>
    public static void Write(string folder, int train, int test, ulong seed)
    {
        try
        {
            Directory.CreateDirectory(folder);
            if (Directory.EnumerateFiles(folder, "*.txt").FirstOrDefault() is { } there)
                throw new UserErrorException($"'{folder}' already holds '{Path.GetFileName(there)}'; choose an empty folder or remove the text.");
            File.WriteAllText(Path.Combine(folder, "generated-train.txt"), Text(seed, 0, train));
            File.WriteAllText(Path.Combine(folder, "generated-test.txt"), Text(seed, 1, test));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"Cannot write the text into '{folder}': {failure.Message}; free space or choose another folder.", failure);
        }
    }

    /// <summary>The lines of a split.</summary>
    public static string Text(ulong seed, int split, int count)
    {
        var text = new StringBuilder();
        for (var i = 0; i < count; i++)
        {
            var random = new RandomStream(seed, Purpose.GeneratedData, split, i, 3);
            var topic = i % Topics;
            var words = new List<string>();
            for (var w = 0; w < 8; w++)
                words.Insert((int)random.NextUInt32((uint)words.Count + 1), w < 3 ? Word((topic * OwnWords) + (int)random.NextUInt32(OwnWords)) : Word((Topics * OwnWords) + (int)random.NextUInt32(SharedWords)));
            text.Append("topic").Append(topic).Append('\t').AppendJoin(' ', words).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Word n, of three syllables; neighbours in number have nothing in common.</summary>
    private static string Word(int n)
    {
        var mixed = (n * 1637) % 4096;
        return s_syllables[mixed % 16] + s_syllables[mixed / 16 % 16] + s_syllables[mixed / 256];
    }
}
