using Microsoft.ML.Tokenizers;

namespace SslOrleans.Learning.Text;

/// <summary>
/// Byte-pair merges of a corpus (Sennrich et al. 2016) on GPT-2's words: again and again the pair of neighbours that comes most often
/// becomes one token, of equally frequent ones the first in the order of their bytes. A pure function of the lines.
/// </summary>
internal static class MergeTrainer
{
    /// <summary>Pairs that come less often are not merged.</summary>
    private const int LeastOften = 2;

    /// <param name="lines">The corpus.</param>
    /// <param name="most">Most merges.</param>
    /// <returns>Left and right tokens, as <see cref="ByteText"/> writes them, in the order of merging; fewer when no pair is left.</returns>
    public static List<(string Left, string Right)> Train(IEnumerable<string> lines, int most)
    {
        var words = Words(lines);
        var merges = new List<(string, string)>();
        while (merges.Count < most)
        {
            var counts = new Dictionary<(string, string), long>();
            foreach (var (tokens, often) in words)
            {
                for (var i = 0; i + 1 < tokens.Count; i++)
                    counts[(tokens[i], tokens[i + 1])] = counts.GetValueOrDefault((tokens[i], tokens[i + 1])) + often;
            }

            ((string Left, string Right) Pair, long Often) best = (("", ""), LeastOften - 1);
            foreach (var (pair, often) in counts)
            {
                if (often > best.Often || (often == best.Often && Before(pair, best.Pair)))
                    best = (pair, often);
            }

            if (best.Often < LeastOften)
                break;
            merges.Add(best.Pair);
            foreach (var (tokens, _) in words)
                Merge(tokens, best.Pair);
        }

        return merges;
    }

    private static List<(List<string> Tokens, long Often)> Words(IEnumerable<string> lines)
    {
        var often = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var line in lines)
        {
            foreach (var (offset, length) in RobertaPreTokenizer.Instance.PreTokenize(line))
            {
                var word = ByteText.Of(line.AsSpan(offset, length));
                often[word] = often.GetValueOrDefault(word) + 1;
            }
        }

        return [.. often.Where(w => w.Key.Length > 1).Select(w => (w.Key.Select(c => c.ToString()).ToList(), w.Value))];
    }

    private static bool Before((string Left, string Right) a, (string Left, string Right) b)
        => string.CompareOrdinal(a.Left, b.Left) is var left && left != 0 ? left < 0 : string.CompareOrdinal(a.Right, b.Right) < 0;

    private static void Merge(List<string> tokens, (string Left, string Right) pair)
    {
        for (var i = 0; i + 1 < tokens.Count; i++)
        {
            if (tokens[i] != pair.Left || tokens[i + 1] != pair.Right)
                continue;
            tokens[i] = pair.Left + pair.Right;
            tokens.RemoveAt(i + 1);
        }
    }
}
