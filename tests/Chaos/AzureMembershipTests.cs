using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using SslOrleans.Grains.Tests.Storage;
using SslOrleans.Silo;

namespace SslOrleans.Tests.Chaos;

/// <summary>Silos that find each other in Azure Tables, of a real Azurite: no silo's address is special, and the tables may go away for a while.</summary>
[Trait("Category", "Azurite")]
[Trait("Category", "Slow")]
public sealed class AzureMembershipTests(SmallRun small) : IClassFixture<SmallRun>, IDisposable
{
    private const int Steps = 120;

    private readonly string _key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64));
    private readonly string _program = AzuriteInstallation.Install();
    private readonly int _port = FreePorts.Find();
    private readonly List<Process> _started = [];

    public void Dispose()
    {
        foreach (var process in _started)
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }
    }

    [Fact]
    public async Task A_cluster_forms_its_first_silo_is_killed_the_tables_go_away_and_the_bits_stay()
    {
        var (code, _, error) = await SsloProcess.Run("train", small.Recipe("mocov2"), "--data", small.Images, "--runs", small.Runs, "--run", "calm", "--steps", $"{Steps}", "--dashboard", "off");
        Assert.True(code == 0, error);

        var tables = await Azurite();
        var first = Silo("first", "parameters,worker");
        await Line(first, "silo first");
        await Line(Silo("second", "parameters,worker"), "silo second");
        await Line(Silo("third", "standby,worker"), "silo third");
        var train = Start("train", small.Recipe("mocov2"), "--data", small.Images, "--runs", small.Runs, "--run", "azure", "--steps", $"{Steps}");
        var output = train.StandardOutput.ReadToEndAsync();
        var trainError = train.StandardError.ReadToEndAsync();
        await small.Commits("azure", 5);
        await SmallRun.Until("warm copies", async () => (await small.Events("azure")).Any(e => e.Text.StartsWith("warm copies", StringComparison.Ordinal)));

        first.Kill();
        await first.WaitForExitAsync();
        var clock = Stopwatch.StartNew();
        var after = await small.Commits("azure", 1 + (await small.Ledger("azure")).Count);

        TestContext.Current.SendDiagnosticMessage($"next commit {clock.Elapsed.TotalSeconds:0.0} s after the first silo's death");
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"next commit {clock.Elapsed.TotalSeconds:0.0} s after the first silo's death");

        // Who is a member is known without the tables as long as nobody comes or goes.
        await End(tables);
        await small.Commits("azure", after + 10);
        await Azurite();
        await train.WaitForExitAsync().WaitAsync(SmallRun.Patience);
        Assert.True(train.ExitCode == 0, $"{await output}\n{await trainError}");

        var (calm, azure) = (await small.Ledger("calm"), await small.Ledger("azure"));
        Assert.Equal((Steps, calm[^1].Hash), (azure.Count, azure[^1].Hash));
        Assert.DoesNotContain(await small.Events("azure"), e => e.Values.GetValueOrDefault("computedAgain") > 0);
        (code, var audit, error) = await SsloProcess.Run("audit", "azure", "--runs", small.Runs);
        Assert.True(code == 0, error);
        Assert.True(audit[0].GetProperty("exact").GetBoolean());
    }

    private async Task<Process> Azurite()
    {
        var start = new ProcessStartInfo("node") { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach (var argument in new[] { _program, "--tablePort", _port.ToString(CultureInfo.InvariantCulture), "--location", Path.Combine(small.Folder, "tables"), "--silent", "--disableTelemetry" })
            start.ArgumentList.Add(argument);
        start.Environment["AZURITE_ACCOUNTS"] = $"sslo:{_key}";
        var azurite = Process.Start(start)!;
        _started.Add(azurite);
        while (await azurite.StandardOutput.ReadLineAsync().WaitAsync(SmallRun.Patience) is { } line && !line.Contains("successfully started", StringComparison.Ordinal))
            await Task.Yield();
        Assert.False(azurite.HasExited);
        _ = azurite.StandardOutput.ReadToEndAsync();
        return azurite;
    }

    private static async Task End(Process azurite)
    {
        azurite.StandardInput.Close();
        await azurite.WaitForExitAsync().WaitAsync(SmallRun.Patience);
    }

    private Process Silo(string name, string roles)
        => Start("silo", "--membership", "azure", "--name", name, "--roles", roles, "--runs", small.Runs, "--probe", "0.5", "--dashboard", "off");

    private Process Start(params string[] arguments)
    {
        var process = SsloProcess.Start(
            start =>
            {
                start.Environment["AZURE_STORAGE_CONNECTION_STRING"] = $"DefaultEndpointsProtocol=http;AccountName=sslo;AccountKey={_key};TableEndpoint=http://127.0.0.1:{_port}/sslo;";
                start.Environment["SSLO_GATEWAY"] = "azure";
            },
            arguments);
        _started.Add(process);
        return process;
    }

    private static async Task Line(Process silo, string text)
    {
        var error = silo.StandardError.ReadToEndAsync();
        var line = await silo.StandardOutput.ReadLineAsync().WaitAsync(SmallRun.Patience);
        Assert.True(line?.Contains(text, StringComparison.Ordinal) == true, silo.HasExited ? await error : line);
        _ = silo.StandardOutput.ReadToEndAsync();
    }
}
