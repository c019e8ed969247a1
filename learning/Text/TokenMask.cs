using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Text;

/// <summary>BERT's masking (Devlin et al. 2019, section 3.1).</summary>
public static class TokenMask
{
    /// <summary>
    /// Chooses a share of a text's tokens, at least one and never a mark; of ten chosen ones eight become the mask mark, one a token drawn evenly, one stays.
    /// </summary>
    /// <param name="tokens">L tokens; changed.</param>
    /// <param name="chosen">L; true where a token was chosen.</param>
    /// <param name="share">Of the tokens between the marks (BERT: 0.15).</param>
    /// <param name="vocabulary">Tokens that there are, marks included.</param>
    /// <param name="random">Of the sample, epoch and view.</param>
    public static void Draw(Span<long> tokens, Span<bool> chosen, double share, int vocabulary, RandomStream random)
    {
        var places = new List<int>();
        for (var i = 0; i < tokens.Length; i++)
        {
            if (tokens[i] >= TextTokenizer.Marks)
                places.Add(i);
        }

        var count = places.Count == 0 ? 0 : Math.Clamp((int)Math.Round(share * places.Count), 1, places.Count);
        for (var i = 0; i < count; i++)
        {
            var j = i + (int)random.NextUInt32((uint)(places.Count - i));
            (places[i], places[j]) = (places[j], places[i]);
            chosen[places[i]] = true;
            var what = random.NextUInt32(10);
            if (what < 8)
                tokens[places[i]] = TextTokenizer.Mask;
            else if (what == 8)
                tokens[places[i]] = TextTokenizer.Marks + random.NextUInt32((uint)(vocabulary - TextTokenizer.Marks));
        }
    }
}
