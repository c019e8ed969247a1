using System.Text.Json;
using System.Text.Json.Serialization;
using SslOrleans.Client.CommandLine;

namespace SslOrleans.Client.Commands;

/// <summary>
/// Which proofs the tests hold for a method, as docs/methods/proofs.json has it. That file is data of the tests: they fail when it
/// says more or less than they do.
/// </summary>
public sealed record MethodProofs
{
    private static readonly Lazy<Dictionary<string, MethodProofs>> s_all = new(() =>
    {
        var file = Path.Combine(ProjectFiles.Root, "docs", "methods", "proofs.json");
        return File.Exists(file)
            ? JsonSerializer.Deserialize<Dictionary<string, MethodProofs>>(File.ReadAllText(file), new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.CamelCase })!
            : [];
    });

    /// <summary>Cases in which value and gradients equal an independent PyTorch computation.</summary>
    public int Golden { get; init; }

    /// <summary>One worker, three, and three with a kill give the same bits.</summary>
    public bool Workers { get; init; }

    /// <summary>Killed and resumed from a checkpoint gives the same bits.</summary>
    public bool Resume { get; init; }

    /// <summary>By how much, in points, kNN of the quick recipe must beat the untrained encoder in the slow test; 0: not held.</summary>
    public double Margin { get; init; }

    /// <summary>Names of the tests of what the literature says of this method.</summary>
    public IReadOnlyList<string> Facts { get; init; } = [];

    /// <summary><c>1 2 3 4 5</c>, with a dash for those that are missing.</summary>
    [JsonIgnore]
    public string Summary => $"{(Golden > 0 ? '1' : '-')} {(Workers ? '2' : '-')} {(Resume ? '3' : '-')} {(Margin > 0 ? '4' : '-')} {(Facts.Count > 0 ? '5' : '-')}";

    [JsonIgnore]
    public IEnumerable<string> Lines =>
    [
        Golden > 0 ? $"1 loss and gradients equal PyTorch's in {Golden} cases" : "1 missing: loss and gradients beside PyTorch's",
        Workers ? "2 one worker, three, and three with a kill: equal bits" : "2 missing: one worker against three",
        Resume ? "3 killed and resumed: equal bits" : "3 missing: killed and resumed",
        Margin > 0 ? $"4 the quick recipe beats the untrained encoder's kNN by {Margin} points or more" : "4 missing: a quick run that beats the untrained encoder",
        Facts.Count > 0 ? $"5 {string.Join("; ", Facts.Select(f => f.Replace('_', ' ')))}" : "5 none: no fact of its own is checked",
    ];

    public static MethodProofs Of(string method) => s_all.Value.GetValueOrDefault(method) ?? new MethodProofs();
}
