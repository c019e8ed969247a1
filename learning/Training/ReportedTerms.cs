namespace SslOrleans.Learning.Training;

/// <summary>Terms that several micro-batches reported, averaged in their order.</summary>
public static class ReportedTerms
{
    public static IReadOnlyDictionary<string, float> Mean(IReadOnlyList<IReadOnlyDictionary<string, float>> reported)
        => reported.SelectMany(r => r).GroupBy(r => r.Key).OrderBy(g => g.Key, StringComparer.Ordinal).ToDictionary(g => g.Key, g => (float)g.Average(v => (double)v.Value));
}
