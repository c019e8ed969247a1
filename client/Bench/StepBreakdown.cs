using SslOrleans.Client.Cluster;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Client.Bench;

/// <summary>Where the time of a step goes: medians over the measured steps, in seconds, and shares of the step.</summary>
/// <param name="ImagesPerSecond">Over all measured steps, between commits.</param>
/// <param name="Step">From one commit to the next.</param>
/// <param name="Compute">Forward and backward passes of the worker, mean over the workers.</param>
/// <param name="DataWait">Waiting for views.</param>
/// <param name="Pull">Bringing parameters to the step's version.</param>
/// <param name="Push">Waiting for pushes that the backward pass did not hide.</param>
/// <param name="Couple">The loss on the whole effective batch, with the way there and back.</param>
/// <param name="Apply">Optimiser, weights hash, publication.</param>
/// <param name="Straggler">How much longer the slowest worker computed than the mean one, in each phase.</param>
public sealed record StepBreakdown(
    double ImagesPerSecond, double Step, double Compute, double DataWait, double Pull, double Push, double Couple, double Apply, double Straggler)
{
    /// <summary>All that is neither computation, data nor a slower worker: plan, couple, pull, push, reduce, commit, ledger.</summary>
    public double Coordination => Step - Compute - DataWait - Straggler;

    private double Rest => Coordination - Pull - Push - Couple - Apply;

    /// <summary>Share of the step that a worker waited for views.</summary>
    public double DataWaitShare => DataWait / Step;

    public static async Task<StepBreakdown> Measure(GrainTrainingSession session, TrainingWork work, CancellationToken cancellation)
    {
        var steps = new List<Dictionary<string, double>>();
        var (from, to) = (0L, 0L);
        var before = default(DateTimeOffset);
        await foreach (var news in session.News(cancellation))
        {
            foreach (var step in news.Events.Where(e => e.Kind == RunEventKind.Step))
            {
                // The clock of the run, not of its messages.
                if (step.Step == work.Warm - 1)
                    from = step.Time.UtcTicks;
                if (step.Step >= work.Warm)
                {
                    // From commit to commit, the ledger included.
                    step.Values["seconds"] = (step.Time - before).TotalSeconds;
                    to = step.Time.UtcTicks;
                    steps.Add(step.Values);
                }

                before = step.Time;
            }

            if (news.Status.Phase is RunPhase.Failed)
                throw new UserErrorException(news.Status.Message);
        }

        var workers = work.Lanes;
        return new StepBreakdown(
            steps.Count * work.Batch / TimeSpan.FromTicks(to - from).TotalSeconds,
            Median(s => s["seconds"]),
            Median(s => (s["forwardSeconds"] + s["backwardSeconds"]) / workers),
            Median(s => s["dataWaitSeconds"] / workers),
            Median(s => s["pullSeconds"] / workers),
            Median(s => s["pushSeconds"] / workers),
            Median(s => s["coupleSeconds"]),
            Median(s => s["applySeconds"]),
            Median(s => s["stragglerSeconds"]));

        double Median(Func<Dictionary<string, double>, double> value) => steps.Select(value).Order().ElementAt(steps.Count / 2);
    }

    public void Show(Screen screen)
    {
        if (screen.Json)
        {
            screen.JsonLine(new { value = ImagesPerSecond, imagesPerSecond = ImagesPerSecond, stepSeconds = Step, computeSeconds = Compute, dataWaitSeconds = DataWait, dataWaitShare = DataWaitShare, pullSeconds = Pull, pushSeconds = Push, coupleSeconds = Couple, applySeconds = Apply, stragglerSeconds = Straggler, coordinationSeconds = Coordination, coordinationShare = Coordination / Step });
            return;
        }

        screen.Line($"{ImagesPerSecond:0.0} images/s; a step takes {Step:0.000} s:");
        Row("forward and backward", Compute);
        Row("waiting for views", DataWait);
        Row("waiting for the slower worker", Straggler);
        Row("coordination", Coordination);
        Row("  pull", Pull);
        Row("  couple", Couple);
        Row("  push not hidden", Push);
        Row("  apply", Apply);
        Row("  plan, messages, ledger", Rest);

        void Row(string what, double seconds) => screen.Line($"  {what,-30}{seconds,8:0.000} s  {seconds / Step,7:0.00%}");
    }
}
