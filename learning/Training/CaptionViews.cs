using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Text;

namespace SslOrleans.Learning.Training;

/// <summary>Texts as tokens <c>[b, L]</c>.</summary>
/// <param name="tokenizer">Encodes.</param>
/// <param name="length">L.</param>
internal sealed class CaptionViews(TextTokenizer tokenizer, int length)
{
    /// <summary>Tokens of texts, in their order.</summary>
    public ViewBuffer Of(IReadOnlyList<string> texts)
    {
        var tokens = new long[texts.Count * length];
        for (var row = 0; row < texts.Count; row++)
            tokenizer.Encode(texts[row], tokens.AsSpan(row * length, length));
        return new ViewBuffer(tokens, [length]);
    }

    /// <summary>Of these texts, how many are cut.</summary>
    public int Cut(IEnumerable<string> texts)
    {
        var tokens = new long[length];
        return texts.Count(text => tokenizer.Encode(text, tokens));
    }

    /// <summary>One of a sample's captions, drawn per (seed, epoch, sample, view).</summary>
    public static string Drawn(string captions, ulong seed, SamplePosition position, int view)
    {
        var lines = captions.Split('\n');
        var random = new RandomStream(seed, Purpose.View, position.Epoch, position.SampleId, view);
        return lines.Length == 1 ? lines[0] : lines[(int)random.NextUInt32((uint)lines.Length)];
    }

    /// <summary>Tokens <c>[T, L]</c> of a class's name in each of T templates.</summary>
    public ViewBuffer Prompts(TextRecipe recipe, string name) => Of([.. recipe.Templates.Select(t => t.Replace("{}", name, StringComparison.Ordinal))]);
}
