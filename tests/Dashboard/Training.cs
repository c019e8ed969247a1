using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using SslOrleans.Learning.Data;

namespace SslOrleans.Tests.Dashboard;

/// <summary>A MoCo v2 training on two worker processes that goes on until the tests are over.</summary>
public sealed class Training : IAsyncLifetime
{
    private static readonly string s_program = Path.Combine(AppContext.BaseDirectory, "sslo.dll");

    private readonly string _folder = Directory.CreateTempSubdirectory("sslo-dashboard-").FullName;
    private Process? _process;

    public const string Run = "demo";

    public string Runs => Path.Combine(_folder, "runs");

    public string Images => Path.Combine(_folder, "images");

    public string Recipe => Path.Combine(_folder, "small.jsonc");

    /// <summary>Ends with a slash.</summary>
    public string Address { get; private set; } = "";

    public string Token { get; private set; } = "";

    public HttpClient Http { get; } = new() { Timeout = TimeSpan.FromSeconds(20) };

    public async ValueTask InitializeAsync()
    {
        GeneratedImages.Write(Images, 240, 64, 3);
        await File.WriteAllTextAsync(Recipe, """
            {
              "method": "mocov2", "seed": 7, "steps": 1000000,
              "batch": { "effective": 48, "micro": 6 },
              "views": [ { "count": 2, "crop": { "size": 24 }, "jitter": { "probability": 0.8 } } ],
              "projector": { "shape": "64-32" }, "loss": { "queue": 480 }, "workers": { "slices": 3 },
              "checkpoint": { "everySteps": 20 }, "evaluation": { "everyEpochs": 20 }
            }
            """);
        await Start("train", Recipe, "--data", Images, "--runs", Runs, "--run", Run, "--workers", "2");
        Token = Silo.Dashboard.DashboardKey.Find(Runs)!.Token;

        // The first worker computes while the second process is still starting.
        await Until(s => s.GetProperty("runs").EnumerateArray().Any(r => r.GetProperty("step").GetInt64() >= 5 && r.GetProperty("workers").GetArrayLength() >= 2));
    }

    /// <summary>Starts the training and waits for its dashboard.</summary>
    public async Task Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { "exec", s_program }.Concat(arguments).Append("--json"))
            start.ArgumentList.Add(argument);
        start.Environment["CI"] = "true";
        _process = Process.Start(start)!;
        var errors = _process.StandardError.ReadToEndAsync();
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (JsonDocument.Parse(line).RootElement is var said && said.GetProperty("event").GetString() == "begin")
            {
                Address = said.GetProperty("dashboard").GetString()!;
                _ = _process.StandardOutput.ReadToEndAsync();
                return;
            }
        }

        Assert.Fail($"the training did not begin: {await errors}");
    }

    /// <summary>SIGKILL to the training's process and its workers.</summary>
    public void KillEverything()
    {
        _process!.Kill(entireProcessTree: true);
        _process.WaitForExit();
    }

    public async Task<JsonElement> Get(string address) => JsonDocument.Parse(await Http.GetStringAsync(Address + address)).RootElement;

    public Task<JsonElement> State() => Get("api/state");

    public async Task<long> Step() => (await State()).GetProperty("runs").EnumerateArray().Single().GetProperty("step").GetInt64();

    public async Task<string> Phase() => (await State()).GetProperty("runs").EnumerateArray().Single().GetProperty("phase").GetString()!;

    public async Task Until(Func<JsonElement, bool> condition, double seconds = 60)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed.TotalSeconds < seconds)
        {
            if (condition(await State()))
                return;
            await Task.Delay(50);
        }

        Assert.Fail($"it did not come to it in {seconds} s: {await State()}");
    }

    public Task<HttpResponseMessage> Post(string address, string? token = null, Action<HttpRequestMessage>? change = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Address + address) { Content = new StringContent("{}", new MediaTypeHeaderValue("application/json")) };
        if (token is not null)
            request.Headers.Authorization = new("Bearer", token);
        change?.Invoke(request);
        return Http.SendAsync(request);
    }

    public ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
            KillEverything();
        Http.Dispose();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
