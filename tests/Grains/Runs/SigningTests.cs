using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.Storage;
using SslOrleans.Silo;
using SslOrleans.Tests.Grains.Support;

namespace SslOrleans.Tests.Grains.Runs;

/// <summary>The key is a silo's own: where a run moves to one without a key, it says so and goes on unsigned.</summary>
public class SigningTests
{
    [Fact]
    public async Task ARunThatMovesToASiloWithoutAKeyStaysSignedUpToThere()
    {
        const string Run = "run";
        var file = Path.Combine(Directory.CreateTempSubdirectory("sslo-key-").FullName, "key");
        LedgerKeys.Generate(file);
        var recipe = SmallRuns.Recipe("simclr", "steps=24");
        await using var cluster = await Cluster.Start(workers: 2);
        var name = Enumerable.Range(0, 1000).Select(i => $"keyed-{i}").First(n => ParameterSilos.Weight(Run, n) > ParameterSilos.Weight(Run, cluster.Settings.Name));
        using var keyed = await cluster.AddSilo(SiloHost.WithPorts(new SiloSettings { Name = name, Workers = 0, SigningKey = file }), Roles.Parameters);
        var killed = false;
        var (status, events) = await cluster.Train(Run, recipe, SmallRuns.Images, onEvent: async e =>
        {
            if (e is { Kind: RunEventKind.Step, Step: >= 11 } && !killed)
            {
                killed = true;
                await Cluster.Kill(keyed);
            }
        });
        Assert.True(status.Phase == RunPhase.Completed, string.Join('\n', events.Select(e => e.Text)));
        Assert.Contains(events, e => e.Kind == RunEventKind.Warning && e.Text.StartsWith("this silo has no key", StringComparison.Ordinal));
        var storage = RunStorage.Open(cluster.Folder);
        using var key = LedgerKeys.ReadPublic(file + ".pub");
        var audit = await SignatureAudit.Of(
            storage, Run, (await storage.Read($"{Run}/{RunRecord.RecipeFileName}"))!, (await RunRecord.Read(storage, Run))!.DataFingerprint, key, CancellationToken.None);
        Assert.Null(audit.Problem);
        Assert.InRange(audit.Signed, 10, 20);
        Assert.EndsWith($"steps {audit.Signed} to 23 are not signed", audit.Verdict, StringComparison.Ordinal);
    }
}
