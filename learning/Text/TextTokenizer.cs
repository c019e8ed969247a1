using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.Tokenizers;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Learning.Text;

/// <summary>
/// Text to tokens: byte-pair encoding of UTF-8 bytes, so that every text has tokens. Four marks come before the vocabulary's own tokens.
/// A pure function of its merges; safe for any number of threads.
/// </summary>
public sealed class TextTokenizer
{
    /// <summary>Fills up a text that is shorter than the view.</summary>
    public const long Padding = 0;

    /// <summary>In front of every text.</summary>
    public const long Start = 1;

    /// <summary>Behind every text.</summary>
    public const long End = 2;

    /// <summary>In the place of a hidden token.</summary>
    public const long Mask = 3;

    /// <summary>Marks before the vocabulary's own tokens.</summary>
    public const int Marks = 4;

    /// <summary>Lines that merges are learnt from; more say little more about which bytes stand together.</summary>
    public const int CorpusLines = 20_000;

    private readonly Tokenizer _tokens;

    private TextTokenizer(Tokenizer tokens, int vocabulary, string fingerprint) => (_tokens, Vocabulary, Fingerprint) = (tokens, vocabulary, fingerprint);

    /// <summary>Tokens that there may be, marks included.</summary>
    public int Vocabulary { get; }

    /// <summary>Hash of the merges: two tokenizers with the same one give the same tokens.</summary>
    public string Fingerprint { get; }

    /// <summary>The recipe's tokenizer; merges of its own are learnt from the first <see cref="CorpusLines"/> lines.</summary>
    public static TextTokenizer Of(TextRecipe recipe, IEnumerable<string> lines)
        => recipe.Tokenizer == TokenizerKind.Gpt2 ? Gpt2() : Trained(lines.Take(CorpusLines), recipe.Vocabulary);

    /// <summary>GPT-2's merges, 50,257 tokens beside the marks.</summary>
    public static TextTokenizer Gpt2() => new(TiktokenTokenizer.CreateForModel("gpt2"), TextRecipe.Gpt2Vocabulary, "gpt2");

    /// <summary>Merges learnt from lines.</summary>
    /// <param name="lines">The corpus.</param>
    /// <param name="vocabulary">Tokens, marks and the 256 bytes included.</param>
    public static TextTokenizer Trained(IEnumerable<string> lines, int vocabulary)
    {
        var merges = MergeTrainer.Train(lines, vocabulary - Marks - ByteText.Characters.Count);
        var tokens = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var text in ByteText.Characters.Select(c => c.ToString()).Concat(merges.Select(m => m.Left + m.Right)))
            tokens.TryAdd(text, tokens.Count);
        string[] pairs = [.. merges.Select(m => $"{m.Left} {m.Right}")];
        var options = new BpeOptions(tokens) { Merges = pairs, ByteLevel = true, PreTokenizer = RobertaPreTokenizer.Instance };
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', pairs))));
        return new TextTokenizer(BpeTokenizer.Create(options), vocabulary, hash);
    }

    /// <summary>Start, the text's tokens, end, padding. A text that is too long is cut; the end stays.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="target">L tokens, at least 3.</param>
    /// <returns>True when the text was cut.</returns>
    public bool Encode(string text, Span<long> target)
    {
        var own = _tokens.EncodeToIds(text);
        var kept = Math.Min(own.Count, target.Length - 2);
        target[0] = Start;
        for (var i = 0; i < kept; i++)
            target[i + 1] = own[i] + Marks;
        target[kept + 1] = End;
        target[(kept + 2)..].Fill(Padding);
        return kept < own.Count;
    }
}
