using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Client.Training;

/// <summary>Draws a <see cref="TrainingBoard"/> for a terminal of a given width; narrow terminals get fewer columns, never broken lines.</summary>
public static class TrainingPicture
{
    private const int Narrow = 72;

    public static IRenderable Draw(TrainingBoard board, int width)
    {
        var r = board.Request.Recipe;
        var rows = new List<IRenderable>
        {
            Line(width, ("bold", board.Request.Run), ("grey", $"  {r.Method} on {r.Backbone.Name}, batch {r.Batch.Effective}")),
        };
        if (board.Status is not { } s)
        {
            rows.Add(new Markup("[grey]starting…[/]"));
            return new Rows(rows);
        }

        rows.Add(Progress(s, r.Batch.Effective, width));
        rows.Add(Numbers(board, s, width));
        if (s.WeightsHash.Length > 0)
            rows.Add(Line(width, ("grey", $"last commit step {s.Step - 1}  weights {s.WeightsHash}")));
        foreach (var (name, values) in board.Probes)
            rows.Add(Curve(name, Format.Probe(name, values[^1]), values, width, "green"));
        if (s.Workers.Length > 0)
            rows.Add(Workers(s, width));
        foreach (var e in board.Events.TakeLast(5))
            rows.Add(Line(width, ("grey", $"{e.Time.LocalDateTime:HH:mm:ss} step {e.Step} "), (Colour(e.Kind), PlainTrainingView.Describe(e))));
        return new Rows(rows);
    }

    private static Markup Progress(RunStatus s, int batch, int width)
    {
        var share = s.TotalSteps > 0 ? (double)s.Step / s.TotalSteps : 0;
        var text = $" {share * 100,3:F0} %  step {s.Step}/{s.TotalSteps}";
        if (width >= Narrow)
            text += $"  epoch {s.Epoch:F1}";
        if (s.Phase is RunPhase.Training && Format.TimeLeft(s, batch) is { } left)
            text += $"  {Format.Duration(left)} left";
        else if (s.Phase is not RunPhase.Training)
            text += $"  {s.Phase.ToString().ToLowerInvariant()}";
        var bar = Math.Clamp(width - text.Length - 2, 4, 48);
        var full = (int)Math.Round(share * bar);
        return Line(width, ("blue", new string('━', full)), ("grey", new string('─', bar - full)), ("default", text));
    }

    private static IRenderable Numbers(TrainingBoard board, RunStatus s, int width)
    {
        var loss = Curve("loss", Format.Number(s.Loss), board.Loss, width, "yellow");
        var speed = $"{Format.Rate(s.ImagesPerSecond)} images/s";
        var text = width >= Narrow
            ? $"learning rate {Format.Number(s.LearningRate)}   {speed}   data wait {Format.Percent(s.DataWaitShare)}   checkpoint {Checkpoint(s)}"
            : $"lr {Format.Number(s.LearningRate)}  {speed}";
        return new Rows(loss, Line(width, ("default", text)));
    }

    private static string Checkpoint(RunStatus s) => s.LastCheckpoint < 0 ? "none yet" : $"step {s.LastCheckpoint}";

    private static Markup Curve(string name, string value, IReadOnlyList<double> values, int width, string colour)
    {
        var label = $"{name} {value} ";
        var room = Math.Clamp(width - label.Length - 2, 0, 40);
        return Line(width, ("default", name + " "), ("bold", value), (colour, " " + Format.Sparkline(values, room)));
    }

    private static IRenderable Workers(RunStatus s, int width)
    {
        if (width < Narrow)
            return new Rows(s.Workers.Select(w => Line(width, ("default", w.Worker.Name), ("grey", $" {Format.Word(w.State)} {Format.Rate(w.MicroBatchesPerSecond)}/s"))));
        var table = new Table { Border = TableBorder.None };
        foreach (var column in new[] { "worker", "device", "state", "holds", "speed", "seen" })
            table.AddColumn(new TableColumn($"[grey]{column}[/]") { Padding = new Padding(0, 0, 2, 0), NoWrap = true });
        foreach (var w in s.Workers)
        {
            var seen = Format.Duration(DateTimeOffset.UtcNow - w.LastSeen);
            string[] cells = [w.Worker.Name, w.Worker.Device, Format.Word(w.State), $"{w.MicroBatches}", $"{Format.Rate(w.MicroBatchesPerSecond)}/s", seen];
            table.AddRow(cells.Select(c => new Text(c)));
        }

        return table;
    }

    private static string Colour(RunEventKind kind) => kind switch
    {
        RunEventKind.Killed or RunEventKind.Failed or RunEventKind.Refused => "red",
        RunEventKind.Late or RunEventKind.Waiting or RunEventKind.Left or RunEventKind.Warning => "yellow",
        RunEventKind.Joined or RunEventKind.Recovered or RunEventKind.Probe or RunEventKind.Completed => "green",
        _ => "default",
    };

    /// <summary>Styled parts on one line, cut where the terminal ends.</summary>
    private static Markup Line(int width, params ReadOnlySpan<(string Style, string Text)> parts)
    {
        var line = new StringBuilder();
        var room = Math.Max(1, width - 1);
        foreach (var (style, text) in parts)
        {
            var shown = text.Length <= room ? text : room > 1 ? text[..(room - 1)] + "…" : "";
            line.Append('[').Append(style).Append(']').Append(Markup.Escape(shown)).Append("[/]");
            room -= shown.Length;
        }

        return new Markup(line.ToString());
    }
}
