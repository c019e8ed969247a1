namespace SslOrleans.Contracts.Recipes;

/// <summary>Where the merges of the byte-pair encoding come from.</summary>
public enum TokenizerKind
{
    /// <summary>Learnt from the data's own texts; the same on every worker.</summary>
    Trained,

    /// <summary>GPT-2's.</summary>
    Gpt2,
}

/// <summary>How texts become tokens and tokens features: of captions, or of text alone.</summary>
public sealed record TextRecipe
{
    /// <summary>GPT-2's 50,257 tokens and four marks.</summary>
    public const int Gpt2Vocabulary = 50_257 + 4;

    /// <summary>256 bytes and four marks.</summary>
    public const int LeastVocabulary = 256 + 4;

    public TokenizerKind Tokenizer { get; init; }

    /// <summary>Tokens of a <c>trained</c> tokenizer, the 256 bytes and four marks included.</summary>
    public int Vocabulary { get; init; } = 1024;

    /// <summary>The transformer of captions: <c>text-nano</c>, <c>text-ti</c>, <c>text-s</c>, <c>text-b</c>.</summary>
    public string Encoder { get; init; } = "text-nano";

    /// <summary>Dropout rate behind the embedding and each block of a backbone of text, drawn per sample (SimCSE: 0.1).</summary>
    public double Dropout { get; init; }

    /// <summary>Sentences that a class name is put into, at <c>{}</c>, for the zero-shot probe.</summary>
    public IReadOnlyList<string> Templates { get; init; } = ["a picture of a {}", "a {}", "an image that shows a {}"];

    /// <summary>Tokens that the transformer knows.</summary>
    public int Tokens => Tokenizer == TokenizerKind.Gpt2 ? Gpt2Vocabulary : Vocabulary;
}
