using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Client.Training;

/// <summary>Plain lines for logs and pipes: a line of progress at most every few seconds, and one for everything else that happens.</summary>
public sealed class PlainTrainingView(Screen screen, TimeProvider clock) : ITrainingView
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(3);
    private TrainingRequest? _request;
    private long _shown;
    private long _shownStep = -1;
    private bool _stepped;

    public void Begin(TrainingRequest request)
    {
        _request = request;
        var r = request.Recipe;
        screen.Line($"{(request.Resume ? "resuming" : "training")} {request.Run}: {r.Method} on {r.Backbone.Name}, batch {r.Batch.Effective}, "
            + $"data {request.DataPath}, written to {ProjectFiles.Short(request.Folder)}");
        if (request.DashboardAddress is { } address)
            screen.Line($"dashboard: {address}");
    }

    public void Show(RunNews news)
    {
        foreach (var e in news.Events.Where(e => e.Kind != RunEventKind.Step))
            screen.Line($"step {e.Step}: {Describe(e)}");
        if (!news.Events.Any(e => e.Kind == RunEventKind.Step))
            return;
        _stepped = true;
        if (_shownStep >= 0 && clock.GetElapsedTime(_shown) < s_pause && news.Status.Step < news.Status.TotalSteps)
            return;
        _shown = clock.GetTimestamp();
        Progress(news.Status);
    }

    public void End(RunStatus status)
    {
        if (_stepped && _shownStep != status.Step)
            Progress(status);
        screen.Line($"{status.Phase.ToString().ToLowerInvariant()} at step {status.Step}"
            + (status.WeightsHash.Length > 0 ? $", weights {status.WeightsHash}" : "")
            + (status.Message.Length > 0 && status.Phase != RunPhase.Failed ? $": {status.Message}" : ""));
    }

    public void Dispose()
    {
    }

    /// <summary>One event in words.</summary>
    internal static string Describe(RunEvent e)
    {
        var values = string.Join(", ", e.Values.Select(v => $"{v.Key} {Format.Probe(v.Key, v.Value)}"));
        var text = e.Text.Length > 0 ? e.Text : values;
        return e.Kind switch
        {
            RunEventKind.Message or RunEventKind.Probe => text,
            _ => $"{e.Kind.Name()}{(e.Worker is null ? "" : $" {e.Worker}")}{(text.Length > 0 ? $": {text}" : "")}",
        };
    }

    private void Progress(RunStatus s)
    {
        _shownStep = s.Step;
        var left = Format.TimeLeft(s, _request?.Recipe.Batch.Effective ?? 0);
        var here = s.Workers.Count(w => w.State != WorkerActivity.Gone);
        var workers = s.Workers.Length > 0 ? $", {here} worker{(here == 1 ? "" : "s")}" : "";
        screen.Line($"step {s.Step}/{s.TotalSteps}, epoch {s.Epoch:F2}, loss {Format.Number(s.Loss)}, learning rate {Format.Number(s.LearningRate)}, "
            + $"{Format.Rate(s.ImagesPerSecond)} images/s, data wait {Format.Percent(s.DataWaitShare)}{workers}"
            + (left is { } time && s.Step < s.TotalSteps ? $", {Format.Duration(time)} left" : ""));
        screen.Output.Flush();
    }
}
