using System.Runtime.CompilerServices;
using SslOrleans.Client.Training;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Client.Cluster;

/// <summary>A training on two worker processes of which the first is killed in the middle, and a new one joins a little later.</summary>
public sealed class OneKillSession(GrainTrainingSession inner, TrainingRequest request, Action<string> tell) : ITrainingSession
{
    private const double KillAt = 0.45;
    private const double JoinAt = 0.55;

    private bool _killed;
    private bool _joined;

    public string Run => inner.Run;

    public string? Dashboard => inner.Dashboard;

    public async IAsyncEnumerable<RunNews> News([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var news in inner.News(cancellationToken))
        {
            yield return news;
            var done = news.Status.TotalSteps == 0 ? 0 : (double)news.Status.Step / news.Status.TotalSteps;
            if (!_killed && done >= KillAt)
            {
                _killed = true;
                var victim = inner.Cluster.Workers[0];
                tell($"killing {victim.Name} with SIGKILL in the middle of a step (process {victim.ProcessId})");
                victim.Kill();
            }

            if (!_joined && done >= JoinAt)
            {
                _joined = true;
                tell("a new worker joins");
                inner.Cluster.StartWorker(request.RunsFolder, request.Recipe.Workers.ThreadsPerWorker, "cpu");
            }
        }
    }

    public Task Pause() => inner.Pause();

    public Task Continue() => inner.Continue();

    public Task Stop() => inner.Stop();

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}

/// <summary>Opens <see cref="OneKillSession"/>s.</summary>
public sealed class OneKillSessions(Action<string> tell) : ITrainingSessions
{
    public async Task<ITrainingSession> Open(TrainingRequest request, CancellationToken cancellationToken)
        => new OneKillSession(await GrainTrainingSession.Open(request, cancellationToken), request, tell);
}
