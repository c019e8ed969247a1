using System.Diagnostics;
using System.Diagnostics.Metrics;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Records;

namespace SslOrleans.Grains.Runs;

/// <summary>
/// Meters and activities under the name <see cref="Name"/>, for whoever listens with OpenTelemetry or dotnet-counters.
/// With no listener they cost nothing.
/// </summary>
public static class RunInstruments
{
    public const string Name = "SslOrleans";

    private static readonly ActivitySource s_activities = new(Name);
    private static readonly Meter s_meter = new(Name);
    private static readonly Counter<long> s_steps = s_meter.CreateCounter<long>("sslorleans.steps", "{step}", "Committed steps.");
    private static readonly Counter<long> s_images = s_meter.CreateCounter<long>("sslorleans.images", "{image}", "Images of committed steps.");
    private static readonly Counter<long> s_lost = s_meter.CreateCounter<long>("sslorleans.leases.lost", "{lease}", "Leases whose worker failed, was killed or left.");
    private static readonly Counter<long> s_events = s_meter.CreateCounter<long>("sslorleans.events", "{event}", "Events by kind: joined, left, killed, late, checkpoint …");
    private static readonly Histogram<double> s_duration = s_meter.CreateHistogram<double>("sslorleans.step.duration", "s", "Seconds from the plan to the commit.");
    private static readonly Gauge<double> s_loss = s_meter.CreateGauge<double>("sslorleans.loss", null, "Mean loss of the last step.");

    internal static void Committed(string run, string method, LedgerEntry step)
    {
        var tags = new TagList { { "run", run }, { "method", method } };
        s_steps.Add(1, tags);
        s_images.Add(step.Count, tags);
        s_lost.Add(step.Lost.Count, tags);
        s_duration.Record(step.Seconds, tags);
        s_loss.Record(step.Loss, tags);
        if (!s_activities.HasListeners())
            return;
        using var activity = s_activities.StartActivity("step", ActivityKind.Internal, default(ActivityContext), startTime: step.Time - TimeSpan.FromSeconds(step.Seconds));
        activity?.SetTag("run", run).SetTag("step", step.Step).SetTag("loss", step.Loss).SetTag("hash", step.Hash).SetTag("lost", step.Lost.Count);
        activity?.SetEndTime(step.Time.UtcDateTime);
    }

    internal static void Happened(string run, RunEventKind kind)
        => s_events.Add(1, new KeyValuePair<string, object?>("run", run), new KeyValuePair<string, object?>("kind", kind.Name()));
}
