using System.Runtime.CompilerServices;
using SslOrleans.Client.Training;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Client.Sweep;

/// <summary>Trainings that are stopped at a probe when a rule says that they are hopeless; their checkpoints stay.</summary>
public sealed class WatchedSessions(ITrainingSessions inner, MedianStop rule, IReadOnlyList<MetricPoint> before) : ITrainingSessions
{
    /// <summary>Why it was stopped; null when it was not.</summary>
    public string? Stopped { get; private set; }

    public async Task<ITrainingSession> Open(TrainingRequest request, CancellationToken cancellationToken)
        => new Session(this, await inner.Open(request, cancellationToken), [.. before]);

    private sealed class Session(WatchedSessions owner, ITrainingSession session, List<MetricPoint> curve) : ITrainingSession
    {
        public string Run => session.Run;

        public string? Dashboard => session.Dashboard;

        public async IAsyncEnumerable<RunNews> News([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await foreach (var news in session.News(cancellationToken))
            {
                foreach (var probe in news.Events.Where(e => e.Kind == RunEventKind.Probe))
                    await Look(probe, news.Status.TotalSteps);
                yield return news;
            }
        }

        public Task Pause() => session.Pause();

        public Task Continue() => session.Continue();

        public Task Stop() => session.Stop();

        public ValueTask DisposeAsync() => session.DisposeAsync();

        private async Task Look(RunEvent probe, long totalSteps)
        {
            if (owner.Stopped is not null || !probe.Values.TryGetValue(owner.Rule.Metric, out var value))
                return;
            curve.Add(new MetricPoint(probe.Step, value));
            owner.Stopped = owner.Rule.Verdict(curve, totalSteps);
            if (owner.Stopped is not null)
                await session.Stop();
        }
    }

    private MedianStop Rule => rule;
}
