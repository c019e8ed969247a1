using System.Text.Json;
using Spectre.Console;
using Spectre.Console.Rendering;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Training;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Client.Tests;

public class TrainingViewTests
{
    private static readonly TrainingRequest s_request = new("a-run", new Recipe { Name = "a-run", Method = "simclr" }, "images", "runs");

    [Fact]
    public void Json_gives_every_event_as_one_line_with_its_numbers()
    {
        var (screen, output) = Plain();
        screen.Json = true;
        using var view = new JsonTrainingView(screen);

        view.Begin(s_request);
        view.Show(News(3, 100, Step(2, 4.5), Step(3, double.NaN), Event(RunEventKind.Killed, 3, "no answer for 1 s", "worker-2/0")));
        view.End(News(3, 100).Status with { Phase = RunPhase.Stopped, WeightsHash = "ab" });

        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement).ToList();
        Assert.Equal(["begin", "step", "step", "killed", "end"], lines.Select(l => l.GetProperty("event").GetString()));
        Assert.Equal(4.5, lines[1].GetProperty("loss").GetDouble());
        Assert.Equal("NaN", lines[2].GetProperty("loss").GetString());
        Assert.Equal("worker-2/0", lines[3].GetProperty("worker").GetString());
        Assert.Equal("stopped", lines[4].GetProperty("phase").GetString());
        Assert.Equal("ab", lines[4].GetProperty("weightsHash").GetString());
    }

    [Fact]
    public void Plain_lines_are_thinned_by_time_but_events_and_the_end_are_not()
    {
        var (screen, output) = Plain();
        var clock = new ManualClock();
        using var view = new PlainTrainingView(screen, clock);

        view.Begin(s_request);
        for (var step = 1; step <= 100; step++)
        {
            clock.Advance(TimeSpan.FromMilliseconds(100));
            view.Show(step == 50 ? News(step, 100, Step(step, 1), Event(RunEventKind.Killed, step, "gone", "w/0")) : News(step, 100, Step(step, 1)));
        }

        view.End(News(100, 100).Status with { Phase = RunPhase.Completed, WeightsHash = "cafe" });

        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        // Ten seconds, a line every three: steps 1, 31, 61, 91 and the last.
        Assert.Equal(5, lines.Count(l => l.StartsWith("step ", StringComparison.Ordinal) && l.Contains("images/s", StringComparison.Ordinal)));
        Assert.Contains("step 50: killed w/0: gone", lines);
        Assert.Contains(lines, l => l.StartsWith("step 100/100", StringComparison.Ordinal) && !l.Contains("left", StringComparison.Ordinal));
        Assert.Equal("completed at step 100, weights cafe", lines[^1]);
    }

    [Theory]
    [InlineData(120)]
    [InlineData(72)]
    [InlineData(40)]
    [InlineData(20)]
    public void The_live_screen_fits_any_width(int width)
    {
        var board = new TrainingBoard(s_request);
        var worker = new WorkerShare(new WorkerInfo("worker-1/0", "worker-1", "x", "cpu", "n", 1, "m"), WorkerActivity.Computing, 3, 2.5, DateTimeOffset.UtcNow);
        board.Take(News(40, 100, [.. Enumerable.Range(1, 40).Select(i => Step(i, 5 - (i * 0.1))), Event(RunEventKind.Probe, 40, "kNN 41.0 %", null, ("knn", 0.41)), Event(RunEventKind.Killed, 40, new string('x', 200), "worker-2/0")]) with
        {
            Status = News(40, 100).Status with { Workers = [worker] },
        });
        using var output = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(output) });
        console.Profile.Width = width;

        IRenderable picture = TrainingPicture.Draw(board, width);
        console.Write(picture);

        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, l => Assert.True(l.TrimEnd().Length <= width, $"\"{l}\" is wider than {width}"));
        Assert.Contains(lines, l => l.Contains("a-run", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains("loss", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains("worker-1", StringComparison.Ordinal));
    }

    [Fact]
    public void A_long_history_keeps_its_shape_in_bounded_memory()
    {
        var board = new TrainingBoard(s_request);
        for (var i = 0; i < 100_000; i++)
            board.Take(News(i, 100_000, Step(i, i)));

        Assert.InRange(board.Loss.Count, 1000, 2048);
        Assert.Equal(board.Loss.Order(), board.Loss);
        Assert.Equal("▁▃▅▇", Format.Sparkline([0, 1, 2, 3], 4).Replace('█', '▇').Replace('▆', '▅'));
    }

    private static (Screen Screen, StringWriter Output) Plain()
    {
        var output = new StringWriter();
        return (new Screen(output, new StringWriter(), isTerminal: false), output);
    }

    private static RunNews News(long step, long total, params RunEvent[] events) => new(
        new RunStatus("a-run", RunPhase.Training, "simclr", step, total, 0.5, 4.5f, 0.1, 512, 0.02, "", "", [], 0, []), events);

    private static RunEvent Step(long step, double loss) => Event(RunEventKind.Step, step, "", null, ("loss", loss));

    private static RunEvent Event(RunEventKind kind, long step, string text, string? worker, params (string Name, double Value)[] values)
        => new(step, kind, step, DateTimeOffset.UnixEpoch, text, worker, values.ToDictionary(v => v.Name, v => v.Value));

    private sealed class ManualClock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(TimeSpan time) => _ticks += time.Ticks;
    }
}
