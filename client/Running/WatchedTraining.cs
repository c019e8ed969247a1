using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Inspection;
using SslOrleans.Client.Pictures;
using SslOrleans.Client.Training;
using SslOrleans.Client.Cluster;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Client.Running;

/// <summary>A training that is watched to its end.</summary>
public static class WatchedTraining
{
    /// <summary>Trains with the view that fits the screen, and leaves the picture of the curves.</summary>
    public static async Task<RunStatus?> Run(Screen screen, ITrainingSessions sessions, TrainingRequest request, CancellationToken cancellation)
    {
        if (Processor.Lack is { } lack)
            screen.Note($"sslo: this processor has {lack}; {Processor.Mend}.");
        await using var session = await sessions.Open(request, cancellation);
        using var view = TrainingViews.For(screen);
        request = request with { DashboardAddress = session.Dashboard };
        view.Begin(request);
        var status = await TrainingPresenter.Follow(session, view, cancellation);
        if (status is { Step: > 0 } && File.Exists(Path.Combine(request.Folder, "metrics.jsonl")))
        {
            var picture = RunPicture.Write(request.Folder, $"{request.Recipe.Method} on {request.Recipe.Backbone.Name}: {request.Run}");
            screen.Line($"curves: {ProjectFiles.Short(picture)}");
        }

        if (status is { Phase: RunPhase.Completed } && sessions is GrainTrainingSessions && request.Recipe.Data.Modality is Modality.Image)
            screen.Line($"Next: sslo embed {request.Run} --data {request.DataPath} --out features.safetensors, or sslo evaluate {request.Run}");

        return status;
    }
}
