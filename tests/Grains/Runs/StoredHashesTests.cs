using System.Runtime.CompilerServices;
using System.Text.Json;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Tests;
using SslOrleans.Learning.Training;
using SslOrleans.Silo;

namespace SslOrleans.Tests.Grains.Runs;

/// <summary>
/// The weights of every method after a few small steps, as stored-hashes.json has them for one numerics class: the other tests compare
/// runs of one build, and a change that gives all of them other bits shows here alone.
/// </summary>
public class StoredHashesTests
{
    private const string WriteVariable = "SSLO_WRITE_HASHES";
    private const string Mend = $"after a change of the arithmetic that is meant (its revision in learning/Numerics/Arithmetic.cs goes up), {WriteVariable}=1 writes the file anew (docs/exactness.md)";
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private sealed record Stored(string NumericsClass, int Steps, SortedDictionary<string, string> Hashes);

    [Fact]
    public void EveryMethodsWeightsAreTheStoredOnes()
    {
        var own = Numerics.Class("cpu", threads: 1);
        if (Environment.GetEnvironmentVariable(WriteVariable) == "1")
        {
            var now = new Stored(own, 4, new(MethodCatalog.All.ToDictionary(m => m.Name, m => HashAfter(4, m.Name)), StringComparer.Ordinal));
            File.WriteAllText(Location(), JsonSerializer.Serialize(now, s_json) + "\n");
        }

        var stored = Read();
        Assert.SkipUnless(own == stored.NumericsClass, $"the hashes are of the numerics class \"{stored.NumericsClass}\", and this is \"{own}\"; {Mend}");
        var changed = stored.Hashes.Select(h => (Method: h.Key, Stored: h.Value, Now: HashAfter(stored.Steps, h.Key))).Where(h => h.Stored != h.Now).ToList();
        Assert.True(changed.Count == 0, $"Other weights than the stored ones; {Mend}:\n{string.Join("\n", changed.Select(h => $"  {h.Method}: {h.Now}, stored {h.Stored}"))}");
    }

    [Fact]
    public void EveryMethodHasAStoredHash()
        => Assert.Equal(MethodCatalog.All.Select(m => m.Name).Order(StringComparer.Ordinal), Read().Hashes.Keys.Order(StringComparer.Ordinal));

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
