using System.Diagnostics;
using SslOrleans.Client.Cluster;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Client.Chaos;

/// <summary>Machines that are taken away and given back, as spot instances are.</summary>
/// <param name="Every">From one loss to the next; zero: nothing is taken.</param>
/// <param name="Back">From a loss until another worker process is started in its place.</param>
/// <param name="Length">From the first commit on.</param>
public sealed record SpotSchedule(TimeSpan Every, TimeSpan Back, TimeSpan Length);

/// <summary>Progress under a schedule.</summary>
/// <param name="Steps">Seconds since the first commit, and steps that were committed and stayed.</param>
/// <param name="Losses">Seconds at which a worker was taken.</param>
/// <param name="Exact">Every position of the ledger was used once.</param>
public sealed record SpotOutcome(IReadOnlyList<(double Seconds, long Steps)> Steps, IReadOnlyList<double> Losses, bool Exact)
{
    /// <summary>Steps at the end.</summary>
    public long Kept => Steps.Count == 0 ? 0 : Steps[^1].Steps;
}

/// <summary>A training whose worker processes are killed and replaced by the clock, for the time of a schedule.</summary>
public sealed class SpotRun(TrainingRequest request, SpotSchedule schedule)
{
    private readonly ChaosNodes _nodes = new(request, [ChaosTarget.Workers], null, null);
    private readonly List<double> _losses = [];

    /// <exception cref="UserErrorException">The run failed.</exception>
    public async Task<SpotOutcome> Go(CancellationToken cancellation)
    {
        var steps = new List<(double Seconds, long Steps)>();
        await using var nodes = _nodes;
        await using (var session = await _nodes.Start(cancellation))
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            DateTimeOffset? first = null;
            var disturbed = Task.CompletedTask;
            await foreach (var news in session.News(cancellation))
            {
                foreach (var step in news.Events.Where(e => e.Kind == RunEventKind.Step))
                {
                    if (first is null)
                        disturbed = Disturb(over.Token);
                    first ??= step.Time;
                    var at = (step.Time - first.Value).TotalSeconds;
                    if (at <= schedule.Length.TotalSeconds)
                        steps.Add((at, step.Step + 1));
                    else if (!over.IsCancellationRequested)
                        await End(session, over);
                }

                if (news.Status.Phase is RunPhase.Failed)
                    throw new UserErrorException(news.Status.Message);
            }

            await disturbed;
            await _nodes.Leave();
        }

        var entries = await Ledger.Read(RunStorage.Open(request.Storage), request.Run, cancellation);
        var record = await SslOrleans.Grains.Runs.RunRecord.Read(RunStorage.Open(request.Storage), request.Run);
        return new SpotOutcome(steps, _losses, Ledger.Audit(entries, record!.Samples, request.Recipe.Batch.Effective, request.Recipe.Batch.MicroBatches).IsExact);
    }

    private static async Task End(GrainTrainingSession session, CancellationTokenSource over)
    {
        await over.CancelAsync();
        await session.Stop();
    }

    private async Task Disturb(CancellationToken over)
    {
        if (schedule.Every == TimeSpan.Zero)
            return;
        var clock = Stopwatch.StartNew();
        var back = new List<Task>();
        try
        {
            for (var loss = 1u; ; loss++)
            {
                await Until(clock, schedule.Every * loss, over);
                var e = new ChaosEvent(0, 0, ChaosAction.Kill, loss, false);
                if (_nodes.Pick(e) is not { } victim)
                    continue;
                _losses.Add(clock.Elapsed.TotalSeconds);
                await victim.Suffer(e, () => over.IsCancellationRequested);
                back.Add(Return(over));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(back).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task Return(CancellationToken over)
    {
        await Task.Delay(schedule.Back, over);
        _nodes.Join(ChaosTarget.Workers);
    }

    private static Task Until(Stopwatch clock, TimeSpan at, CancellationToken over) => Task.Delay(at > clock.Elapsed ? at - clock.Elapsed : TimeSpan.Zero, over);
}
