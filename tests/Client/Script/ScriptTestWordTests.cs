using System.Diagnostics;

namespace SslOrleans.Client.Tests.Script;

/// <summary>How <c>./sslo test</c> runs the test projects and counts.</summary>
public sealed class ScriptTestWordTests : IDisposable
{
    private readonly ScriptCopy _script = new();

    [Fact]
    public void The_last_line_is_the_sum()
    {
        _script.TestProject("A", Summary(succeeded: 3));
        _script.TestProject("B", Summary(succeeded: 4));
        Assert.Equal((0, "7 passed, 0 failed"), LastLine("test"));
        _script.Folder.Write(".build/results/Gone.Tests.count", "5 5 5\n");

        _script.TestProject("B", Summary(succeeded: 4, skipped: 2));
        Assert.Equal((0, "7 passed, 0 failed, 2 skipped"), LastLine("test"));
    }

    /// <summary>Where CI=true the platform colours its summary, also in a file, and a coloured count is not counted.</summary>
    [Fact]
    public void The_summary_is_asked_for_without_colours()
    {
        _script.TestProject("A", "echo \"asked with: $*\"; exit 1");
        Assert.Contains("--no-ansi", _script.Run("test").Text.Split('\n').Single(l => l.StartsWith("asked with:", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_failed_test_is_shown_without_the_stack_of_the_test_runner()
    {
        _script.TestProject("A", $"""
            echo 'failed A.That_it_works (3ms)'
            echo '  Expected: 1'
            echo '    at A.That_it_works() in /a.cs:5'
            echo '    at System.Reflection.MethodBaseInvoker.InvokeWithNoArgs(Object obj)'
            {Summary(succeeded: 2, failed: 1)}
            exit 2
            """);
        var (code, text) = _script.Run("test");

        Assert.Equal(1, code);
        Assert.Contains("A.Tests: 2 passed, 1 FAILED", text);
        Assert.Contains("failed A.That_it_works (3ms)\n  Expected: 1\n    at A.That_it_works() in /a.cs:5\n", text);
        Assert.DoesNotContain("MethodBaseInvoker", text);
        Assert.Contains("\n2 passed, 1 failed\n", text);
    }

    [Fact]
    public void A_project_that_crashes_is_a_failure_and_is_shown()
    {
        _script.TestProject("A", "echo boom; kill -ABRT $$");
        _script.TestProject("B", Summary(succeeded: 4));
        var (code, text) = _script.Run("test");

        Assert.Equal(1, code);
        Assert.Contains("A.Tests: 0 passed, 1 FAILED", text);
        Assert.Contains("\nboom\n", text);
        Assert.Contains("\n4 passed, 1 failed\n", text);
    }

    [Fact]
    public void A_project_that_ends_badly_without_a_failed_test_is_a_failure()
    {
        _script.TestProject("A", Summary(succeeded: 3) + "\nexit 7");
        Assert.Equal((1, "3 passed, 1 failed"), LastLine("test"));
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData(" --slow", 4)]
    public void A_project_that_hangs_is_stopped_with_all_that_it_has_started(string option, int limit)
    {
        _script.TestProject("A", "sleep 300 & echo $! >\"$SSLO_ROOT/child\"; echo waits; wait", "<TestTimeoutSeconds>1</TestTimeoutSeconds>");
        var (code, text) = _script.Run($"test{option}");

        Assert.Equal(1, code);
        Assert.Contains($"; stopped after {limit} s\nwaits\n", text);
        Assert.Contains("\n0 passed, 1 failed\n", text);
        AssertEnded();
    }

    [Fact]
    public async Task Ending_it_ends_what_it_has_started()
    {
        _script.TestProject("A", "sleep 300 & echo $! >\"$SSLO_ROOT/child.new\"; mv \"$SSLO_ROOT/child.new\" \"$SSLO_ROOT/child\"; wait");
        using var process = _script.Start("test");
        while (!File.Exists(_script.Folder.In("child")))
            await Task.Delay(20);
        using (var kill = Process.Start("kill", $"{process.Id}"))
            await kill.WaitForExitAsync();
        Assert.True(process.WaitForExit(20_000), "the script hangs");

        Assert.Equal(130, process.ExitCode);
        AssertEnded();
    }

    [Fact]
    public void Two_run_at_once_and_those_that_run_alone_come_last_one_by_one()
    {
        // B and C wait for each other, and E must not come before one of them has ended.
        foreach (var (name, waitsFor) in new[] { ("A", "A"), ("B", "C"), ("C", "B"), ("D", "D"), ("E", "E") })
        {
            _script.TestProject(
                name,
                $"""
                echo + {name} >>"$SSLO_ROOT/order"
                until grep -q '+ {waitsFor}' "$SSLO_ROOT/order"; do sleep 0.05; done
                sleep 0.3
                echo - {name} >>"$SSLO_ROOT/order"
                {Summary(succeeded: 1)}
                """,
                name is "A" or "D" ? "<RunsAlone>true</RunsAlone>" : "");
        }

        Assert.Equal((0, "5 passed, 0 failed"), LastLine("test"));
        var order = File.ReadAllLines(_script.Folder.In("order"));
        Assert.Equal(["+ A", "- A", "+ D", "- D"], order[^4..]);
        Assert.StartsWith("-", order[2], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("test", "--filter Category!=Slow")]
    [InlineData("test --filter Ledger", "--filter FullyQualifiedName~Ledger&Category!=Slow")]
    [InlineData("test --slow --filter=Ledger", "--filter FullyQualifiedName~Ledger")]
    [InlineData("test --slow", "")]
    public void Filters_reach_the_test_programs(string call, string expected)
    {
        _script.TestProject("A", "shift 2; echo \"$*\" >\"$SSLO_ROOT/options\"\n" + Summary(succeeded: 1));

        Assert.Equal(0, _script.Run(call).Code);
        Assert.Equal($"{expected} --ignore-exit-code 8 --no-ansi --progress off".Trim(), File.ReadAllText(_script.Folder.In("options")).Trim());
    }

    [Fact]
    public void A_filter_that_matches_nothing_fails_and_is_named()
    {
        _script.TestProject("A", Summary(succeeded: 0));
        var (code, text) = _script.Run("test --filter Nothing");

        Assert.Equal(1, code);
        Assert.Contains("0 passed, 0 failed\n", text);
        Assert.Contains("sslo: no test ran: nothing matches the filter FullyQualifiedName~Nothing&Category!=Slow\n", text);
    }

    [Theory]
    [InlineData("test --sloow", "unknown option \"--sloow\"")]
    [InlineData("test --filter", "--filter wants a part of a test's name")]
    public void Wrong_options_are_refused_with_2(string call, string expected)
    {
        var (code, text) = _script.Run(call);

        Assert.Equal(2, code);
        Assert.Contains(expected, text);
        Assert.Equal(0, _script.Builds);
    }

    public void Dispose() => _script.Dispose();

    private static string Summary(int succeeded, int failed = 0, int skipped = 0) => $"""
        cat <<'END'
        Test run summary: Passed! - A.dll (net10.0|x64)
          total: {succeeded + failed + skipped}
          failed: {failed}
          succeeded: {succeeded}
          skipped: {skipped}
          duration: 946ms
        END
        """;

    private (int Code, string Line) LastLine(string call)
    {
        var (code, text) = _script.Run(call);
        return (code, text.Split('\n').Last(l => l.Length > 0 && !l.StartsWith("sslo:", StringComparison.Ordinal)));
    }

    private void AssertEnded()
    {
        var child = File.ReadAllText(_script.Folder.In("child")).Trim();
        Assert.True(SpinWait.SpinUntil(() => !Directory.Exists($"/proc/{child}"), TimeSpan.FromSeconds(10)), "what it has started still runs");
    }
}
