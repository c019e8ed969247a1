using System.Text;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Tests;

namespace SslOrleans.Contracts.Tests;

/// <summary>Recipes that are damaged are read or refused with a sentence.</summary>
public class FuzzTests
{
    [Theory]
    [InlineData(Fuzz.Few)]
    [InlineData(Fuzz.Many, Traits = ["Category", "Slow"])]
    public void Recipes(int inputs)
    {
        const string Recipe = """
            {
              // Every kind of value.
              "$schema": "recipe.schema.json", "name": "fuzz", "method": "dino", "seed": 7, "steps": 40,
              "data": { "split": "train", "limit": 100, "bits": 12, "channels": [0, 1, 2] },
              "batch": { "effective": 64, "micro": 16, "recompute": false },
              "backbone": { "name": "vit-nano", "patchSize": 4, "dropPath": 0.1, },
              "projector": { "shape": "64-32", "batchNorm": true }, "teacher": { "momentum": 0.99, "finalMomentum": 1 },
              "loss": { "temperature": 0.1, "prototypes": 64 }, "normalize": { "mean": [0.5, 0.5, 0.5], "standardDeviation": [0.2, 0.2, 0.2] },
              "views": [ { "count": 2, "crop": { "size": 32, "scale": [0.2, 1] }, "mask": { "kind": "random", "ratio": 0.5 } }, { "count": 1, "crop": { "size": 16 } } ],
              "optimizer": { "name": "adamw", "learningRate": 0.001, "weightDecay": 0.05, "clipGradientNorm": 3 },
              "evaluation": { "probes": [ "knn" ], "neighbours": 20 }, "workers": { "precision": "float32", "verify": 0.01 }
            }
            """;
        Fuzz.Damage(Encoding.UTF8.GetBytes(Recipe), inputs, bytes => RecipeReader.Parse(Encoding.UTF8.GetString(bytes)), typeof(UserErrorException));
    }

    [Theory]
    [InlineData(Fuzz.Few)]
    [InlineData(Fuzz.Many, Traits = ["Category", "Slow"])]
    public void Overrides(int inputs)
        => Fuzz.Damage(
            Encoding.UTF8.GetBytes("views.0.crop.size=32\noptimizer.learningRate=0.3\ndata.channels=[0,1,2]"), inputs,
            bytes => RecipeReader.Parse(RecipeFolder.Least, Encoding.UTF8.GetString(bytes).Split('\n')), typeof(UserErrorException));
}
