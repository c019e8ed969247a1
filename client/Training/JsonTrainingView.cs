using System.Text.Json.Nodes;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Client.Training;

/// <summary>
/// One JSON object per line: <c>begin</c>, then every event of the run under its kind with its numbers beside it, then <c>end</c>.
/// </summary>
public sealed class JsonTrainingView(Screen screen) : ITrainingView
{
    public void Begin(TrainingRequest request) => screen.JsonLine(new
    {
        @event = "begin",
        request.Run,
        folder = Path.GetFullPath(request.Folder),
        request.Recipe.Method,
        backbone = request.Recipe.Backbone.Name,
        batch = request.Recipe.Batch.Effective,
        microBatch = request.Recipe.Batch.Micro,
        request.Recipe.Seed,
        data = request.DataPath,
        request.Resume,
        dashboard = request.DashboardAddress,
    });

    public void Show(RunNews news)
    {
        foreach (var e in news.Events)
        {
            var line = new JsonObject { ["event"] = e.Kind.Name(), ["step"] = e.Step, ["totalSteps"] = news.Status.TotalSteps, ["time"] = e.Time.UtcDateTime.ToString("O") };
            if (e.Worker is not null)
                line["worker"] = e.Worker;
            if (e.Text.Length > 0)
                line["text"] = e.Text;
            foreach (var (name, value) in e.Values)
                line[name] = double.IsFinite(value) ? JsonValue.Create(value) : JsonValue.Create(value.ToString());
            screen.JsonLine(line);
        }
    }

    public void End(RunStatus status) => screen.JsonLine(new
    {
        @event = "end",
        status.Run,
        phase = status.Phase.ToString().ToLowerInvariant(),
        status.Step,
        status.TotalSteps,
        status.Epoch,
        status.Loss,
        status.ImagesPerSecond,
        status.DataWaitShare,
        status.WeightsHash,
        status.LastCheckpoint,
        status.Probes,
        status.Message,
    });

    public void Dispose()
    {
    }
}
