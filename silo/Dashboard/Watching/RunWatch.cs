using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Silo.Dashboard.Watching;

/// <summary>Looks at one run and passes on what is new to the pages that show it.</summary>
internal sealed class RunWatch(string run, ITrainingRunGrain grain, LiveFeed feed)
{
    /// <summary>Leases and events that may have come while a page arrived; pages leave out what they have.</summary>
    private const int Overlap = 200;

    private long _seen = -1;
    private long _leases = -1;

    public string Run { get; } = run;

    /// <summary>Null when the run is not in memory (any more).</summary>
    public RunStatus? Status { get; private set; } = Unknown(run);

    /// <summary>Topic of steps and events.</summary>
    public static string StepsTopic(string run) => $"run:{run}";

    /// <summary>Topic of leases.</summary>
    public static string LeasesTopic(string run) => $"leases:{run}";

    public async Task Look()
    {
        try
        {
            Status = await grain.Status();
            await LookAtNews();
            await LookAtLeases();
        }
        catch (UserErrorException)
        {
            Status = null;
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            Status = Status! with { Message = $"The run does not answer: {e.Message}" };
        }
    }

    /// <summary>
    /// The latest events that are no steps: for a page that has just subscribed, whatever it read before that may be a moment old.
    /// </summary>
    public async Task<object> Latest()
    {
        var news = await grain.Recent(0);
        return News([], news.Events);
    }

    private object News(IEnumerable<RunEvent> steps, IEnumerable<RunEvent> events) => new
    {
        Run,
        Steps = steps.Where(e => e.Kind is RunEventKind.Step or RunEventKind.Probe).Select(e => new { e.Step, e.Values }),
        Events = events.Where(e => e.Kind != RunEventKind.Step).TakeLast(Overlap),
    };

    private async Task LookAtNews()
    {
        if (!feed.IsWanted(StepsTopic(Run)))
        {
            _seen = -1;
            return;
        }

        // Asking before the first event waits for it; asking for what is there does not.
        var news = await grain.Recent(Math.Max(0, _seen));
        if (news.LastSequence < _seen)
        {
            _seen = 0;
            feed.Publish(StepsTopic(Run), "reload", new { Run });
            return;
        }

        var first = _seen < 0;
        _seen = news.LastSequence;
        if (news.Events.Length > 0)
            feed.Publish(StepsTopic(Run), "news", News(first ? [] : news.Events, news.Events));
    }

    private async Task LookAtLeases()
    {
        if (!feed.IsWanted(LeasesTopic(Run)))
        {
            _leases = -1;
            return;
        }

        var leases = await grain.Leases(_leases);
        // The first page has read what was there a moment before; what changed since then must not be lost.
        var spans = _leases < 0 ? leases.Spans.TakeLast(Overlap) : leases.Spans;
        _leases = leases.Change;
        feed.Publish(LeasesTopic(Run), "leases", new { Run, leases.Now, Spans = spans });
    }

    private static RunStatus Unknown(string run) => new(run, RunPhase.Created, "", 0, 0, 0, 0, 0, 0, 0, "", "", [], -1, []);
}
