using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using SslOrleans.Client.Cluster;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Tests.Dashboard;

/// <summary>What a person does with the page, in a real browser, beside a training that goes on.</summary>
[TestMethodOrderer<ByName>]
public sealed partial class DashboardTests(Training training, Browser browser) : IClassFixture<Training>, IClassFixture<Browser>
{
    private static readonly string s_run = $"runs/{Training.Run}";
    private static readonly string? s_pictures = Environment.GetEnvironmentVariable("SSLO_PICTURES");

    [Fact]
    public async Task A1_numbers_move_without_reloading_and_every_page_is_clean()
    {
        await using var page = await browser.Open(training.Address);
        await page.Until("document.querySelector('.runs a')?.textContent === 'demo'");
        await page.Page.ClickAsync(".runs a");
        await page.Until("document.querySelectorAll('.chart canvas').length >= 4");
        await page.Until("/^\\d+ of/.test(document.querySelector('[data-name=progress] .value')?.textContent ?? '')");
        const string Step = "Number(document.querySelector('[data-name=progress] .value').textContent.split(' ')[0])";
        var before = await page.Page.EvaluateAsync<long>(Step);
        await page.Until($"{Step} >= {before + 3}");
        await page.Until("/at step \\d+; lowest/.test(document.querySelector('.chart .words').textContent)");
        Assert.True(await page.Page.EvaluateAsync<bool>(
            "(c => { const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; for (let i = 0; i < d.length; i += 4) if (d[i + 3] > 200 && d[i + 2] - d[i] > 60) return true; return false; })(document.querySelector('.chart canvas'))"),
            "the curve is not drawn in its blue");
        const string Last = "Number(document.querySelector('.chart .words').textContent.match(/at step (\\d+); lowest/)[1])";
        var shown = await page.Page.EvaluateAsync<long>(Last);
        await page.Until($"{Last} >= {shown + 3}");
        await page.Until("document.querySelector('.good')?.textContent.includes('0 lost, 0 twice')");
        await page.Until("/^It trains on 2 workers at [0-9.]+ images a second/.test(document.querySelector('.state').textContent)");

        await page.Page.ClickAsync("nav a[href='/grains']");
        await page.Page.ClickAsync("[data-grain^='NegativeQueueGrain']");
        await page.Until("/queue2: filled480/.test(document.querySelector('.facts').textContent)");
        await page.Page.ClickAsync("[data-grain^='TeacherGrain']");
        await page.Until("/distance to student/.test(document.querySelector('.facts').textContent)");
        await page.Page.ClickAsync("[data-grain^='ParameterGrain']");
        await page.Until("/micro-batches \\d/.test(document.querySelector('.facts').textContent)");
        await page.Page.ClickAsync("[data-grain^='TrainingRunGrain']");
        await page.Until("/weights hash[0-9a-f]{32}/.test(document.querySelector('.facts').textContent)");
        page.AssertClean();
    }

    /// <summary>What happened between a page's reading and its subscription is in neither; so the subscription begins with it.</summary>
    [Fact]
    public async Task A1_a_subscription_begins_with_the_latest_events()
    {
        var address = $"{training.Address}api/live?topic=run:{Training.Run}";

        // With a page there already, only the newcomer's own subscription can bring what happened before it.
        using var earlier = await training.Http.GetStreamAsync(address);
        await Task.Delay(1000);
        var known = (await training.Get($"api/{s_run}/events")).EnumerateArray().ToList();
        Assert.Equal(["worker-1/0", "worker-2/0"], known.Where(e => e.GetProperty("kind").GetString() == "joined").Select(e => e.GetProperty("worker").GetString()!).Distinct().Order(StringComparer.Ordinal));
        using var stream = await training.Http.GetStreamAsync(address);
        using var reader = new StreamReader(stream);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (await reader.ReadLineAsync(patience.Token) != "event: news")
        {
        }

        var news = JsonDocument.Parse((await reader.ReadLineAsync(patience.Token))!["data: ".Length..]).RootElement;
        var brought = news.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("sequence").GetInt64()).ToHashSet();
        Assert.All(known, e => Assert.Contains(e.GetProperty("sequence").GetInt64(), brought));
        Assert.Empty(news.GetProperty("steps").EnumerateArray());
    }

    [Fact]
    public async Task A2_zoom_by_keyboard_and_words_for_every_curve()
    {
        await using var page = await browser.Open(training.Address + s_run);
        await page.Until("document.querySelectorAll('.chart canvas').length >= 4");
        await page.Page.Locator(".chart").First.FocusAsync();
        await page.Page.Keyboard.PressAsync("+");
        await page.Until("[...document.querySelectorAll('button')].some(b => b.textContent === 'Show everything' && !b.hidden)");
        await page.Page.Keyboard.PressAsync("0");
        await page.Until("[...document.querySelectorAll('button')].some(b => b.textContent === 'Show everything' && b.hidden)");
        await page.Page.Locator(".chart summary").First.ClickAsync();
        await page.Until("document.querySelectorAll('.chart table td').length > 3");
        Assert.True(await page.Page.EvaluateAsync<bool>("[...document.querySelectorAll('.chart')].every(c => c.tabIndex === 0 && c.getAttribute('aria-label') && c.querySelector('.words').textContent)"));
        page.AssertClean();
    }

    [Theory]
    [InlineData("")]
    [InlineData("runs/demo")]
    [InlineData("cluster?run=demo")]
    [InlineData("grains")]
    public async Task A3_phone_width(string address)
    {
        await using var page = await browser.Open(training.Address + address, 400, 800);
        await page.Until("document.querySelector('h1') && document.querySelector('main').textContent.length > 100");
        await Task.Delay(1200);
        Assert.InRange(await page.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 300, 400);
        Assert.True(await page.Page.Locator("nav a").Last.IsVisibleAsync());
        page.AssertClean();
    }

    [Fact]
    public async Task A4_without_the_token_it_is_read_only()
    {
        foreach (var action in new[] { $"api/{s_run}/pause", $"api/{s_run}/stop", $"api/{s_run}/checkpoint", $"api/{s_run}/continue", "api/workers/worker-1/0", "api/session/end" })
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await training.Post(action)).StatusCode);
            Assert.Equal(HttpStatusCode.Forbidden, (await training.Post(action, "wrong")).StatusCode);
        }

        await using var page = await browser.Open(training.Address + s_run);
        await page.Until("document.querySelectorAll('.actions button:disabled').length === 4");
        await page.Page.ClickAsync("#token");
        await page.Page.FillAsync("#ask-input", "wrong");
        await page.Page.ClickAsync("#ask-yes");
        await page.Until("document.querySelector('#ask-problem').textContent.includes('not the dashboard')");
        Assert.Equal("training", await training.Phase());
    }

    [Fact]
    public async Task A5_with_the_token_actions_ask_first_and_then_act()
    {
        await using var page = await browser.Open(training.Address + s_run);
        await page.Page.ClickAsync("#token");
        await page.Page.FillAsync("#ask-input", training.Token);
        await page.Page.Keyboard.PressAsync("Enter");
        await page.Until("document.querySelectorAll('.actions button:not(:disabled)').length === 4");

        await page.Page.ClickAsync(".actions button:has-text('Pause')");
        await page.Page.ClickAsync("#ask-no");
        Assert.Equal("training", await training.Phase());
        await page.Page.ClickAsync(".actions button:has-text('Pause')");
        await page.Page.ClickAsync("#ask-yes");
        await page.Until("document.querySelector('#phase').textContent === 'paused'");
        var paused = await training.Step();
        await Task.Delay(500);
        Assert.Equal(paused, await training.Step());
        await page.Page.ClickAsync(".actions button:has-text('Continue')");
        await page.Page.ClickAsync("#ask-yes");
        await page.Until("document.querySelector('#phase').textContent === 'training'");
        await page.Page.ClickAsync(".actions button:has-text('Checkpoint')");
        await page.Page.ClickAsync("#ask-yes");
        await training.Until(s => s.GetProperty("runs")[0].GetProperty("step").GetInt64() > paused);
        Assert.DoesNotContain(page.Requests, r => r.Contains(training.Token, StringComparison.Ordinal));
        page.AssertClean();
    }

    [Fact]
    public async Task A6_other_sites_and_other_names_are_refused()
    {
        // A browser's session alone, as another site could make the browser send it.
        var opened = await training.Http.PostAsync(training.Address + "api/session", new StringContent($$"""{"token":"{{training.Token}}"}""", null, "application/json"));
        Assert.Equal(HttpStatusCode.OK, opened.StatusCode);
        var cookie = opened.Headers.GetValues("Set-Cookie").Single();
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        var guard = JsonDocument.Parse(await opened.Content.ReadAsStringAsync()).RootElement.GetProperty("guard").GetString()!;
        var session = cookie.Split(';')[0];
        var checkpoint = $"api/{s_run}/checkpoint";
        using var plain = new HttpClient(new HttpClientHandler { UseCookies = false });

        Assert.Equal(HttpStatusCode.Forbidden, await Send(null, null));
        Assert.Equal(HttpStatusCode.Forbidden, await Send(guard, "http://evil.example"));
        Assert.Equal(HttpStatusCode.Forbidden, await Send("another", null));
        Assert.Equal(HttpStatusCode.OK, await Send(guard, training.Address.TrimEnd('/')));
        Assert.Equal(HttpStatusCode.OK, (await training.Post(checkpoint, training.Token)).StatusCode);

        var rebound = new HttpRequestMessage(HttpMethod.Get, training.Address + "api/state");
        rebound.Headers.Host = "evil.example";
        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await plain.SendAsync(rebound)).StatusCode);

        async Task<HttpStatusCode> Send(string? header, string? origin)
        {
            var request = new HttpRequestMessage(HttpMethod.Post, training.Address + checkpoint);
            request.Headers.Add("Cookie", session);
            if (header is not null)
                request.Headers.Add("X-Sslo-Guard", header);
            if (origin is not null)
                request.Headers.Add("Origin", origin);
            return (await plain.SendAsync(request)).StatusCode;
        }
    }

    [Fact]
    public async Task A7_standard_outputs_and_bad_input()
    {
        Assert.Equal("started\n", await training.Http.GetStringAsync(training.Address + "health/startup"));
        Assert.Equal("alive\n", await training.Http.GetStringAsync(training.Address + "health/live"));
        Assert.Equal("ready\n", await training.Http.GetStringAsync(training.Address + "health/ready"));
        var metrics = (await training.Http.GetStringAsync(training.Address + "metrics")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(metrics, l => l.StartsWith("sslo_run_step{run=\"demo\",method=\"mocov2\"} ", StringComparison.Ordinal));
        Assert.Contains(metrics, l => System.Text.RegularExpressions.Regex.IsMatch(l, """^sslo_grain_activations\{silo="train-[0-9]+",grain="ParameterGrain"\} 3$"""));
        Assert.All(metrics, l => Assert.Matches("""^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? (-?[0-9.E+-]+|NaN|[+-]Inf))$""", l));

        foreach (var missing in new[] { "api/runs/nobody/curves", "api/runs/nobody/ledger", "api/runs/..%2F..%2Fetc/events", "api/runs/demo/pictures/run.json", "api/grain?type=ParameterGrain&key=nobody", "web/nothing.js" })
            Assert.Equal(HttpStatusCode.NotFound, (await training.Http.GetAsync(training.Address + missing)).StatusCode);
        await using var page = await browser.Open(training.Address + "runs/nobody");
        await page.Until("document.querySelector('.problem').textContent.includes('There is no run nobody')");
    }

    [Fact]
    public async Task B1_a_killed_worker_is_seen_as_killed_within_two_seconds_and_the_run_goes_on()
    {
        await using var page = await browser.Open(training.Address + "cluster?run=demo");
        await page.Until("document.querySelectorAll('.lease').length > 4");
        await page.Until("document.querySelectorAll('.badge.computing, .badge.ready').length >= 2");
        var victim = (await training.State()).GetProperty("workers").EnumerateArray().First(w => w.GetProperty("name").GetString() == "worker-1/0");
        var before = await training.Step();

        var clock = Stopwatch.StartNew();
        Process.GetProcessById(victim.GetProperty("processId").GetInt32()).Kill();
        await page.Until("[...document.querySelectorAll('.events li.killed')].some(l => l.textContent.includes('worker-1/0'))", 5000);
        await page.Until("document.querySelector('.badge.gone')", 5000);
        var seen = clock.Elapsed;

        Assert.True(seen < TimeSpan.FromSeconds(2), $"the kill was seen after {seen.TotalSeconds.ToString(CultureInfo.InvariantCulture)} s");
        await training.Until(s => s.GetProperty("runs")[0].GetProperty("step").GetInt64() > before + 3);
        var loser = await WhoLostWork("worker-1/0");
        await page.Until($"[...document.querySelectorAll('.chip.lost')].some(c => c.textContent.includes('{loser} lost micro-batches'))");
        Assert.True((await training.Get($"api/{s_run}/ledger")).GetProperty("exact").GetBoolean());

        using var again = WorkerProcess.Start("worker-3", training.Runs, 1, "cpu");
        await page.Until("[...document.querySelectorAll('.events li.joined')].some(l => l.textContent.includes('worker-3/0'))", 30_000);
        await page.Until("[...document.querySelectorAll('.lanes text')].some(t => t.textContent === 'worker-3/0')");
        await Task.Delay(1500);

        // What a live worker computes now, and nothing that ended long ago.
        Assert.InRange(await page.Page.Locator(".lease.open").CountAsync(), 0, 2);
        await page.Page.ClickAsync("button[data-seconds='20']");
        await Picture(page, "cluster");
        page.AssertClean();
        await Pictures();
    }

    /// <summary>A kill that falls between two leases costs nothing, and there is nothing to show: then another worker is killed.</summary>
    private async Task<string> WhoLostWork(string killed)
    {
        for (var next = 4; ; next++)
        {
            var ledger = await Ledger.Read(RunStorage.Open(training.Runs), Training.Run);
            if (ledger.Any(e => e.Lost.Any(l => l.Worker == killed)))
                return killed;
            Assert.True(next < 12, "eight workers were killed, and none of them had a lease");
            using var worker = WorkerProcess.Start($"worker-{next}", training.Runs, 1, "cpu");
            killed = $"worker-{next}/0";
            await training.Until(s => s.GetProperty("runs")[0].GetProperty("workers").EnumerateArray()
                .Any(w => w.GetProperty("worker").GetProperty("name").GetString() == killed && w.GetProperty("state").GetString() == "computing"));
            var before = await training.Step();
            Process.GetProcessById(worker.ProcessId).Kill();
            await training.Until(s => s.GetProperty("runs")[0].GetProperty("step").GetInt64() > before + 3);
        }
    }

    [Fact]
    public async Task B2_the_page_outlives_the_silo()
    {
        await using var page = await browser.Open(training.Address + s_run);
        await page.Until("document.querySelector('#link').textContent === 'live'");
        var (address, token, step) = (training.Address, training.Token, await training.Step());
        training.KillEverything();
        await page.Until("document.querySelector('#link').textContent.includes('no silo answers')");
        await training.Start("resume", Training.Run, "--runs", training.Runs, "--workers", "1");

        Assert.Equal(address, training.Address);
        Assert.Equal(token, Silo.Dashboard.DashboardKey.Find(training.Runs)!.Token);
        await page.Until("document.querySelector('#link').textContent === 'live'", 30_000);
        await page.Until($"Number(document.querySelector('[data-name=progress] .value').textContent.split(' ')[0]) > {step - 20}", 30_000);
        await page.Until("[...document.querySelectorAll('.events li')].some(l => l.textContent.includes('restored checkpoint'))", 30_000);
    }

    /// <summary>Pictures for the documentation, when SSLO_PICTURES names a folder.</summary>
    private async Task Pictures()
    {
        if (s_pictures is null)
            return;
        foreach (var (name, address, width, dark) in new[] { ("runs", "", 1100, false), ("run", s_run, 1100, false), ("run-dark", s_run, 1100, true), ("grains", "grains?type=NegativeQueueGrain&key=demo", 1100, false), ("cluster-phone", "cluster?run=demo", 400, true) })
        {
            await using var page = await browser.Open(training.Address + address, width, width == 400 ? 900 : 820, dark);
            await Task.Delay(4000);
            await Picture(page, name);
        }
    }

    private static async Task Picture(WatchedPage page, string name)
    {
        if (s_pictures is not null)
            await page.Page.ScreenshotAsync(new() { Path = Path.Combine(s_pictures, $"dashboard-{name}.png") });
    }
}
