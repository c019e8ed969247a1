using System.Collections.Concurrent;
using System.Net;
using System.Text;
using SslOrleans.Silo;

namespace SslOrleans.Tests.Chaos;

/// <summary>A collector that is named gets what runs, Orleans and the runtime measure; one that is not there holds nothing up.</summary>
public sealed class TelemetryTests(SmallRun small) : IClassFixture<SmallRun>
{
    [Fact]
    public async Task A_collector_gets_meters_and_traces_of_the_run_of_Orleans_and_of_the_runtime()
    {
        var (port, got) = (FreePorts.Find(), new ConcurrentDictionary<string, StringBuilder>());
        using var collector = new HttpListener { Prefixes = { $"http://127.0.0.1:{port}/" } };
        collector.Start();
        var collecting = Collect(collector, got);
        var (code, error) = await Train("told", $"http://127.0.0.1:{port}");
        collector.Stop();
        await collecting;
        Assert.True(code == 0, error);
        foreach (var name in new[] { "sslorleans.steps", "sslorleans.step.duration", "orleans-", "dotnet.gc", "sslorleans" })
            Assert.Contains(name, $"{got["/v1/metrics"]}", StringComparison.Ordinal);
        foreach (var name in new[] { "step", "ITrainingRunGrain/Start", "service.instance.id" })
            Assert.Contains(name, $"{got["/v1/traces"]}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_collector_that_is_not_there_changes_nothing()
    {
        var (code, error) = await Train("untold", $"http://127.0.0.1:{FreePorts.Find()}");
        Assert.True(code == 0, error);
        Assert.Equal("", error);
        Assert.Equal(5, (await small.Ledger("untold")).Count);
    }

    /// <summary>Message and field names are plain text in the protocol's bytes.</summary>
    private static async Task Collect(HttpListener collector, ConcurrentDictionary<string, StringBuilder> got)
    {
        try
        {
            while (true)
            {
                var call = await collector.GetContextAsync();
                using var content = new MemoryStream();
                await call.Request.InputStream.CopyToAsync(content);
                got.GetOrAdd(call.Request.Url!.AbsolutePath, _ => new StringBuilder()).Append(Encoding.Latin1.GetString(content.ToArray()));
                call.Response.Close();
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
        }
    }

    private async Task<(int Code, string Error)> Train(string run, string endpoint)
    {
        using var process = SsloProcess.Start(
            start =>
            {
                start.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint;
                start.Environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
                start.Environment["OTEL_METRIC_EXPORT_INTERVAL"] = "500";
            },
            "train", small.Recipe("simclr"), "--data", small.Images, "--runs", small.Runs, "--run", run, "--steps", "5", "--dashboard", "off");
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        await output;
        return (process.ExitCode, await error);
    }
}
