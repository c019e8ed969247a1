namespace SslOrleans.Tests.Dashboard;

/// <summary>Links that carry the token, and runs that nobody leads any more.</summary>
public sealed partial class DashboardTests
{
    [Fact]
    public async Task A4_a_token_behind_the_hash_of_a_link_unlocks_and_leaves_the_address()
    {
        await using var page = await browser.Open($"{training.Address}{s_run}#token={training.Token}");
        await page.Until("document.querySelectorAll('.actions button:not(:disabled)').length === 4");
        Assert.Equal(training.Address + s_run, page.Page.Url);
        Assert.Equal(training.Address + s_run, await page.Page.EvaluateAsync<string>("location.href"));
        Assert.DoesNotContain(page.Requests.Skip(1), r => r.Contains(training.Token, StringComparison.Ordinal));
    }

    [Fact]
    public async Task C1_a_run_that_died_opens_as_a_live_one_does_and_is_compared_with_it()
    {
        training.KillEverything();
        await training.Start("train", training.Recipe, "--data", training.Images, "--runs", training.Runs, "--run", "other");
        await training.Until(s => s.GetProperty("runs").EnumerateArray().Any(r => r.GetProperty("run").GetString() == "other" && r.GetProperty("step").GetInt64() >= 3));
        foreach (var width in new[] { 1280, 400 })
        {
            await using var dead = await browser.Open(training.Address + s_run, width);
            await dead.Until("/^Nobody trains it now, and it did not come to an end: its processes died or were killed. \\d+ steps are committed, the last on .* sslo resume demo goes on from there.$/.test(document.querySelector('.state').textContent)");
            await dead.Until("document.querySelectorAll('.chart canvas').length >= 4 && /^\\d+ steps$/.test(document.querySelector('[data-name=progress] .value').textContent)");
            await dead.Until("document.querySelector('.good')?.textContent.includes('0 lost, 0 twice')");
            Assert.InRange(await dead.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 300, width);
            dead.AssertClean();
        }

        await using var both = await browser.Open($"{training.Address}runs/other?with={Training.Run}");
        await both.Until("/^It trains on \\d+ workers? at [0-9.]+ images a second/.test(document.querySelector('.state').textContent)");
        await both.Until("[...document.querySelectorAll('.legend .run-0, .legend .run-1')].map(r => r.textContent.trim()).join() === 'other,demo'");
        await both.Page.Locator(".chart summary").First.ClickAsync();
        await both.Until("[...document.querySelectorAll('.chart table th')].some(t => t.textContent.startsWith('demo, step '))");
        both.AssertClean();
    }
}
