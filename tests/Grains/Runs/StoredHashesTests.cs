using System.Runtime.CompilerServices;
using System.Text.Json;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Tests;
using SslOrleans.Learning.Training;
using SslOrleans.Silo;

namespace SslOrleans.Tests.Grains.Runs;

/// <summary>
/// The weights of every method after a few small steps, as stored-hashes.json has them for some numerics classes: the other tests compare
/// runs of one build, and a change that gives all of them other bits shows here alone.
/// </summary>
public class StoredHashesTests
{
    private const string WriteVariable = "SSLO_WRITE_HASHES";
    private const string Mend = $"after a change of the arithmetic that is meant (its revision in learning/Numerics/Arithmetic.cs goes up), {WriteVariable}=1 writes those of this class anew (docs/exactness.md)";
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <param name="Steps">After how many.</param>
    /// <param name="Classes">By numerics class, by method.</param>
    private sealed record Stored(int Steps, SortedDictionary<string, SortedDictionary<string, string>> Classes);

    [Fact]
    public void EveryMethodsWeightsAreTheStoredOnes()
    {
        var (own, stored) = (Numerics.Class("cpu", threads: 1), Read());
        if (Environment.GetEnvironmentVariable(WriteVariable) == "1")
        {
            // What another revision of the arithmetic gave is nobody's any more.
            var kept = stored.Classes.Where(c => c.Key.Contains($"; {Arithmetic.Class};", StringComparison.Ordinal)).ToDictionary();
            kept[own] = new(MethodCatalog.All.ToDictionary(m => m.Name, m => HashAfter(stored.Steps, m.Name)), StringComparer.Ordinal);
            stored = stored with { Classes = new(kept, StringComparer.Ordinal) };
            File.WriteAllText(Location(), JsonSerializer.Serialize(stored, s_json) + "\n");
        }

        Assert.SkipUnless(stored.Classes.TryGetValue(own, out var hashes), $"the hashes are of {string.Join(" and ", stored.Classes.Keys.Select(c => $"\"{c}\""))}, and this is \"{own}\"; {Mend}");
        var changed = hashes!.Select(h => (Method: h.Key, Stored: h.Value, Now: HashAfter(stored.Steps, h.Key))).Where(h => h.Stored != h.Now).ToList();
        Assert.True(changed.Count == 0, $"Other weights than the stored ones; {Mend}:\n{string.Join("\n", changed.Select(h => $"  {h.Method}: {h.Now}, stored {h.Stored}"))}");
    }

    [Fact]
    public void EveryMethodHasAStoredHash()
    {
        var stored = Read();
        Assert.Equal(MethodCatalog.All.Select(m => m.Name).Order(StringComparer.Ordinal), stored.Classes.Values.MaxBy(h => h.Count)!.Keys);
        Assert.All(stored.Classes.Keys, c => Assert.Contains($"; {Arithmetic.Class};", c, StringComparison.Ordinal));
    }

    private static string HashAfter(int steps, string method)
    {
        var recipe = SmallRun.Recipe(method, steps);
        using var trainer = new LocalTrainer(recipe, new SmallRun.Data(recipe));
        for (var step = 0; step < steps; step++)
            trainer.RunStep();
        return trainer.WeightsHash;
    }

    private static Stored Read() => JsonSerializer.Deserialize<Stored>(File.ReadAllText(Location()), s_json)!;

    private static string Location([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "stored-hashes.json");
}
