using System.Diagnostics;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Data;

namespace SslOrleans.Tests.Chaos;

/// <summary>A folder with images, recipes and runs that take seconds.</summary>
public sealed class SmallRun : IDisposable
{
    public SmallRun()
    {
        Folder = Directory.CreateTempSubdirectory("sslo-chaos-").FullName;
        GeneratedImages.Write(Images, 96, 32, 3);
        foreach (var method in new[] { "simclr", "vicreg", "mocov2", "byol" })
            File.WriteAllText(Recipe(method), Text(method, "micro"));
        File.WriteAllText(Recipe("byol-sync"), Text("byol", "sync"));
    }

    public string Folder { get; }

    public string Images => Path.Combine(Folder, "images");

    public string Runs => Path.Combine(Folder, "runs");

    public string Recipe(string method) => Path.Combine(Folder, method + ".jsonc");

    /// <summary>Every commit of a run so far.</summary>
    public Task<IReadOnlyList<LedgerEntry>> Ledger(string run) => SslOrleans.Grains.Records.Ledger.Read(RunStorage.Open(Runs), run);

    /// <summary>What happened in a run so far.</summary>
    public async Task<IReadOnlyList<RunEvent>> Events(string run) => await SslOrleans.Grains.Records.EventLog.Read(RunStorage.Open(Runs), run);

    /// <summary>Waits for so many commits.</summary>
    /// <returns>How many there are.</returns>
    public async Task<int> Commits(string run, int atLeast)
    {
        var count = 0;
        await Until($"{run} has {atLeast} steps", async () => (count = (await Ledger(run)).Count) >= atLeast);
        return count;
    }

    /// <summary>Waits for three minutes at most.</summary>
    public static async Task Until(string what, Func<Task<bool>> condition)
    {
        for (var clock = Stopwatch.StartNew(); !await condition(); await Task.Delay(50))
            Assert.True(clock.Elapsed < Patience, $"{what}: not after {Patience.TotalMinutes:0} minutes");
    }

    /// <summary>What takes longer is over never.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromMinutes(3);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    // VICReg's covariance, on so few rows, becomes infinite at the usual rate. Two steps are an epoch. A step takes about as long as the notice of a death, and much less than a worker's start.
    private static string Text(string method, string batchNorm) => $$"""
        {
          "method": "{{method}}", "seed": 7, "backbone": { "batchNorm": "{{batchNorm}}" },
          "batch": { "effective": 48, "micro": 8 },
          "views": [ { "count": 2, "crop": { "size": 20 }, "jitter": { "probability": 0.8 } } ],
          "projector": { "shape": "64-32", "batchNorm": {{(method is "byol" ? "true" : "false")}} },
          "predictor": { "shape": "{{(method is "byol" ? "64-32" : "")}}", "batchNorm": {{(method is "byol" ? "true" : "false")}} },
          "loss": {{(method is "mocov2" ? "{ \"queue\": 96 }" : "{}")}},
          "optimizer": { "learningRate": {{(method is "vicreg" ? "0.02" : "0.3")}} },
          "checkpoint": { "everySteps": 10 },
          "evaluation": { "knn": false }
        }
        """;
}
