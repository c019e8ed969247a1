namespace SslOrleans.Learning.Data;

/// <summary>All that is known of a source without its pixels; small enough to send.</summary>
/// <param name="Name">Path and split.</param>
/// <param name="Fingerprint">See <see cref="IImageSource.Fingerprint"/>.</param>
/// <param name="Classes">Class names.</param>
/// <param name="Keys">Key of each sample.</param>
/// <param name="Labels">Label of each sample, −1 for none.</param>
public sealed record SourceIndex(
    string Name, string Fingerprint, IReadOnlyList<string> Classes, IReadOnlyList<string> Keys, IReadOnlyList<int> Labels)
{
    /// <summary>Index of an open source.</summary>
    public static SourceIndex Of(IImageSource source) => new(
        source.Name, source.Fingerprint, source.Classes,
        [.. Enumerable.Range(0, source.Count).Select(source.Key)],
        [.. Enumerable.Range(0, source.Count).Select(i => source.Label(i) ?? -1)]);
}
