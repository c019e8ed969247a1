using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace SslOrleans.Tests.Dashboard;

/// <summary>Orleans' own dashboard beside ours, of the same training.</summary>
public sealed partial class DashboardTests
{
    private static readonly string[] s_ourTypes = ["TrainingRunGrain", "ParameterGrain", "TeacherGrain", "NegativeQueueGrain", "WorkerGrain"];

    [Fact]
    public async Task A8_orleans_own_dashboard_shows_our_grains_their_calls_and_their_state()
    {
        await using var page = await browser.Open(training.Address + "grains");
        await page.Page.ClickAsync("nav a[href='/orleans/']");
        await page.Until("[...document.querySelectorAll('.info-box, .card, div')].some(e => /REQ\\/SEC\\s*[1-9]/i.test(e.innerText))");
        await page.Until("[...document.fonts].some(f => /Font ?Awesome/.test(f.family) && f.status === 'loaded')");

        await page.Page.GotoAsync(training.Address + "orleans/#/grains");
        foreach (var type in s_ourTypes)
            await page.Until($"[...document.querySelectorAll('tr')].some(r => r.innerText.startsWith('{type}') && Number(r.innerText.match(/([0-9.]+)\\s*req\\/sec/)[1]) > 0)");
        await Picture(page, "orleans");

        await page.Page.GotoAsync(training.Address + "orleans/#/grain/SslOrleans.Grains.Workers.WorkerGrain");
        await page.Until("[...document.querySelectorAll('h4')].some(h => h.innerText === 'WorkerGrain.Compute')");

        // The workers' calls are counted in the workers' own processes.
        await Counts("orleans/GrainStats/SslOrleans.Grains.Workers.WorkerGrain", s => s.GetProperty("SslOrleans.Grains.Workers.WorkerGrain.Compute"));
        await Counts("orleans/GrainStats/SslOrleans.Grains.Parameters.ParameterGrain", s => s.GetProperty("SslOrleans.Grains.Parameters.ParameterGrain.Push"));
        var silos = (await training.Get("orleans/DashboardCounters")).GetProperty("hosts").EnumerateArray().ToList();
        Assert.Matches("^train-[0-9]+,worker-1,worker-2$", string.Join(',', silos.Select(s => s.GetProperty("siloName").GetString()!).Order(StringComparer.Ordinal)));
        foreach (var silo in silos)
            await Counts($"orleans/SiloStats/{silo.GetProperty("siloAddress").GetString()}", s => s);

        await page.Page.GotoAsync(training.Address + "orleans/#/lifecycle");
        await page.Until("document.querySelector('#content svg')");
        await page.Page.GotoAsync(training.Address + "orleans/#/grainDetails");
        foreach (var (type, key, step) in new[] { ("Runs.TrainingRunGrain", Training.Run, "Step"), ("Parameters.ParameterGrain", $"{Training.Run}/0", "Version"), ("Parameters.TeacherGrain", $"{Training.Run}/0", "Version"), ("State.NegativeQueueGrain", Training.Run, "Version") })
        {
            await page.Page.SelectOptionAsync("select", $"SslOrleans.Grains.{type}");
            await page.Page.FillAsync("input[type=text]", key);
            var first = await Shown(s => s.TryGetProperty(step, out _));
            await Shown(s => s.TryGetProperty(step, out var now) && now.GetInt64() > first.GetProperty(step).GetInt64());
            if (type == "Runs.TrainingRunGrain")
                await Picture(page, "orleans-state");
        }

        page.AssertClean();

        // A state of each kind has what is worth reading; the run's is what the ledger has.
        var slice = await State("Parameters.ParameterGrain", $"{Training.Run}/0");
        Assert.Matches("^[0-9a-f]{32}$", slice.GetProperty("Hash").GetString());
        Assert.InRange(slice.GetProperty("Bytes").GetInt64(), 10_000, 10_000_000);
        Assert.Matches(@"^step \d+: (its commit|micro-batches [0-9, -]+)$", slice.GetProperty("WaitsFor").GetString());
        var run = await State("Runs.TrainingRunGrain", Training.Run);
        await training.Until(s => s.GetProperty("runs")[0].GetProperty("step").GetInt64() > run.GetProperty("Step").GetInt64());
        var ledger = await Grains.Records.Ledger.Read(Grains.Storage.RunStorage.Open(training.Runs), Training.Run);
        Assert.Equal(ledger[(int)run.GetProperty("Step").GetInt64() - 1].Hash, run.GetProperty("WeightsHash").GetString());

        async Task<JsonElement> Shown(Func<JsonElement, bool> condition)
        {
            for (var attempt = 0; attempt < 100; attempt++)
            {
                await page.Page.ClickAsync("input[type=button]");
                await Task.Delay(100);
                if (await page.Page.EvaluateAsync<string?>("document.querySelector('pre')?.innerText") is { Length: > 0 } text
                    && JsonDocument.Parse(text).RootElement.TryGetProperty("GetState", out var state) && condition(state))
                {
                    return state;
                }
            }

            Assert.Fail($"it did not come to it: {await page.Text("body")}");
            return default;
        }
    }

    [Fact]
    public async Task A9_orleans_own_dashboard_is_behind_the_same_guard()
    {
        // A client of its own: the other one may have opened a session by now.
        using var stranger = new HttpClient { Timeout = TimeSpan.FromSeconds(60) };
        using var refused = await stranger.GetAsync(training.Address + "orleans/Trace", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        using var log = new HttpRequestMessage(HttpMethod.Get, training.Address + "orleans/Trace");
        log.Headers.Authorization = new AuthenticationHeaderValue("Bearer", training.Token);
        using (var answer = await training.Http.SendAsync(log, HttpCompletionOption.ResponseHeadersRead))
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        // What sleeps is not woken up, and nobody is called who is no silo.
        foreach (var missing in new[] { "GrainState?grainType=SslOrleans.Grains.Parameters.ParameterGrain&grainId=nobody/0", "GrainState", "SiloProperties/127.0.0.1:9@5", "SiloMetadata/127.0.0.1:9@5", "SiloStats/127.0.0.1:9@5", "SiloCounters/nonsense", "HistoricalStats/127.0.0.1:9@5" })
            Assert.Equal(HttpStatusCode.NotFound, (await training.Http.GetAsync($"{training.Address}orleans/{missing}")).StatusCode);
        Assert.DoesNotContain((await training.Get("api/grains")).GetProperty("activations").EnumerateArray(), a => a.GetProperty("key").GetString() == "nobody/0");

        foreach (var action in new[] { "orleans/", "orleans/GrainState", "orleans/DashboardCounters" })
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await training.Post(action)).StatusCode);
            Assert.Equal(HttpStatusCode.MethodNotAllowed, (await training.Post(action, training.Token)).StatusCode);
        }

        // Its pages may style themselves and have fonts; ours may not, and no page takes a script that is not the silo's.
        foreach (var own in new[] { "", s_run, "grains", "web/app.js", "api/state", "orleansX" })
            Assert.Equal("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", await Policy(own));
        foreach (var theirs in new[] { "orleans/", "orleans/index.min.js" })
            Assert.Equal("default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'", await Policy(theirs));

        async Task<string> Policy(string address)
            => (await training.Http.GetAsync(training.Address + address)).Headers.GetValues("Content-Security-Policy").Single();
    }

    private async Task<JsonElement> State(string type, string key)
        => JsonDocument.Parse((await training.Get($"orleans/GrainState?grainType=SslOrleans.Grains.{type}&grainId={key}")).GetString()!).RootElement.GetProperty("GetState");

    /// <summary>In a second or two there is a second with calls.</summary>
    private async Task Counts(string address, Func<JsonElement, JsonElement> seconds)
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            if (seconds(await training.Get(address)).EnumerateObject().Any(s => s.Value.GetProperty("count").GetInt64() > 0 && s.Value.GetProperty("elapsedTime").GetDouble() > 0))
                return;
            await Task.Delay(100);
        }

        Assert.Fail($"{address} counts no call");
    }
}
