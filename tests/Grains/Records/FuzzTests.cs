using System.Text;
using SslOrleans.Contracts;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Tests.Grains.Records;

/// <summary>Readers of a run's files fed with damaged ones.</summary>
public sealed class FuzzTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sslo-fuzz-").FullName;

    private IRunStorage Storage => RunStorage.Open(_folder);

    [Theory]
    [InlineData(Fuzz.Few)]
    [InlineData(Fuzz.Many, Traits = ["Category", "Slow"])]
    public async Task Ledgers(int inputs)
    {
        var ledger = await Ledger.Open(Storage, "run");
        for (var step = 0; step < 6; step++)
            await ledger.Append(new LedgerEntry { Step = step, First = 12 * step, Count = 12, Hash = $"{step:x32}", Work = [new("a/0", ["0-1", "2"])], Lost = [new("b/0", ["2"], "killed")] });
        Damage("ledger.jsonl", inputs, () =>
        {
            var entries = Wait(Ledger.Read(Storage, "run"));
            Ledger.Audit(entries, 24, 12, 3);
            Wait(Ledger.ReadSound(Storage, "run"));
            Wait(Ledger.Open(Storage, "run"));
        });
    }

    [Theory]
    [InlineData(Fuzz.Few)]
    [InlineData(Fuzz.Many, Traits = ["Category", "Slow"])]
    public async Task Metrics(int inputs)
    {
        var metrics = new MetricsLog(Storage, "run");
        for (var step = 0; step < 6; step++)
            metrics.Add(step, $"{step:x32}", new Dictionary<string, double> { ["loss"] = 1.5 / (step + 1), ["gradientNorm"] = double.NaN });
        await metrics.Flush();
        Damage("metrics.jsonl", inputs, () => Wait(MetricsLog.Read(Storage, "run")));
    }

    [Theory]
    [InlineData(Fuzz.Few)]
    [InlineData(Fuzz.Many, Traits = ["Category", "Slow"])]
    public async Task Checkpoints(int inputs)
    {
        var store = new CheckpointStore(Storage, "run");
        var tensors = new Dictionary<string, CheckpointTensor> { ["backbone.weight"] = new([2, 3], [1, 2, 3, 4, 5, 6]) };
        await store.Write(new CheckpointContent(4, $"{4:x32}", tensors, tensors, tensors, tensors));
        foreach (var file in new[] { "manifest.json", "params.safetensors", "method.safetensors" })
        {
            Damage($"checkpoints/4/{file}", inputs / 3, () =>
            {
                Wait(store.Newest());
                Wait(store.Read(4));
            });
        }

        // Behind the hashes stands the reader of the parts, which has to be sound without them.
        Fuzz.Damage(
            await Storage.Read("run/checkpoints/4/method.safetensors") ?? [], inputs, bytes => CheckpointParts.Read(bytes, "method.safetensors"), typeof(CheckpointException));
    }

    [Theory]
    [InlineData(Fuzz.Few)]
    [InlineData(Fuzz.Many, Traits = ["Category", "Slow"])]
    public async Task RunRecords(int inputs)
    {
        var recipe = Support.SmallRuns.Recipe("simclr");
        await RunRecord.OpenOrCreate(Storage, "run", recipe, new SslOrleans.Contracts.Messages.RunRequest(SslOrleans.Contracts.Recipes.RecipeReader.Write(recipe), "/data", false));
        Damage(RunRecord.FileName, inputs, () => Wait(RunRecord.Read(Storage, "run")));
        Damage(RunRecord.RecipeFileName, inputs, () => Wait(RunRecord.ReadRecipe(Storage, "run")));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>What is read takes its memory on this thread, where it is counted.</summary>
    private static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();

    private void Damage(string file, int inputs, Action read)
    {
        var path = Path.Combine(_folder, "run", file);
        var good = File.ReadAllBytes(path);
        Assert.NotEmpty(Encoding.UTF8.GetString(good));
        try
        {
            Fuzz.Damage(
                good,
                inputs,
                bytes =>
                {
                    File.WriteAllBytes(path, bytes);
                    read();
                },
                typeof(UserErrorException), typeof(LedgerException), typeof(CheckpointException));
        }
        finally
        {
            File.WriteAllBytes(path, good);
        }
    }
}
