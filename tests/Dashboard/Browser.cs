using System.Diagnostics;
using Microsoft.Playwright;

namespace SslOrleans.Tests.Dashboard;

/// <summary>Debian's chromium, or whatever browser of that family is here; without one, Playwright's own is installed.</summary>
public sealed class Browser : IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        _playwright = await Playwright.CreateAsync();
        var path = Find();
        if (path is null)
            Assert.True(Microsoft.Playwright.Program.Main(["install", "chromium-headless-shell"]) == 0, "no chromium is here and Playwright could not install one; apt-get install chromium");
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = path, Args = ["--no-sandbox", "--disable-gpu"] });
    }

    /// <summary>A page that notes errors and where its requests go.</summary>
    public async Task<WatchedPage> Open(string address, int width = 1280, int height = 1000, bool dark = false)
    {
        var context = await _browser!.NewContextAsync(new()
        {
            ViewportSize = new() { Width = width, Height = height },
            ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
            Locale = "en-GB",
        });
        var page = new WatchedPage(context, await context.NewPageAsync());
        await page.Page.GotoAsync(address, new() { WaitUntil = WaitUntilState.Load });
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
    }

    private static string? Find()
    {
        string[] names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/bin");
        return Environment.GetEnvironmentVariable("SSLO_CHROMIUM") is { Length: > 0 } said
            ? said
            : names.SelectMany(n => folders.Select(f => Path.Combine(f, n))).FirstOrDefault(File.Exists);
    }
}

/// <summary>A page and what it did.</summary>
public sealed class WatchedPage : IAsyncDisposable
{
    private readonly IBrowserContext _context;

    public WatchedPage(IBrowserContext context, IPage page)
    {
        (_context, Page) = (context, page);
        page.Console += (_, m) =>
        {
            if (m.Type == "error")
                Errors.Add(m.Text);
        };
        page.PageError += (_, e) => Errors.Add(e);
        page.Request += (_, r) => Requests.Add(r.Url);
        page.SetDefaultTimeout(15_000);
    }

    public IPage Page { get; }

    public List<string> Errors { get; } = [];

    public List<string> Requests { get; } = [];

    /// <summary>Nothing was complained about, and nothing was asked of another host.</summary>
    public void AssertClean()
    {
        Assert.Empty(Errors);
        Assert.NotEmpty(Requests);
        Assert.All(Requests, r => Assert.True(r.StartsWith("http://127.0.0.1:", StringComparison.Ordinal) || r.StartsWith("data:", StringComparison.Ordinal), r));
    }

    public Task<string> Text(string selector) => Page.Locator(selector).First.InnerTextAsync();

    /// <summary>Waits until what is shown is as wanted; what is not there yet is not as wanted. The page's own policy forbids the evaluation that Playwright's waiting does inside it.</summary>
    public async Task Until(string expression, int timeout = 15_000)
    {
        var clock = Stopwatch.StartNew();
        while (!await Page.EvaluateAsync<bool>($"(() => {{ try {{ return !!({expression}); }} catch (e) {{ if (e instanceof TypeError) return false; throw e; }} }})()"))
        {
            if (clock.ElapsedMilliseconds > timeout)
                Assert.Fail($"after {timeout} ms it is not so: {expression}\nerrors: {string.Join('\n', Errors)}\n{await Page.EvaluateAsync<string>("document.body.innerText")}");
            await Task.Delay(40);
        }
    }

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();
}
