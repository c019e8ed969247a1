using System.Globalization;
using Orleans;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Meters;
using SslOrleans.Grains.Parameters;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.State;
using SslOrleans.Grains.Workers;

namespace SslOrleans.Silo.Dashboard.Watching;

/// <summary>One thing that a grain holds.</summary>
internal sealed record GrainFact(string Name, string Value);

/// <summary>Asks a grain that is awake what it holds.</summary>
internal static class GrainReader
{
    public static async Task<IReadOnlyList<GrainFact>> Read(IGrainFactory grains, string type, string key) => type switch
    {
        nameof(TrainingRunGrain) => Run(await grains.GetGrain<ITrainingRunGrain>(key).Status()),
        nameof(ParameterGrain) => Slice(await grains.GetGrain<IParameterGrain>(key).Describe(), isTeacher: false),
        nameof(TeacherGrain) => Slice(await grains.GetGrain<ITeacherGrain>(key).Describe(), isTeacher: true),
        nameof(NegativeQueueGrain) => States(await grains.GetGrain<INegativeQueueGrain>(key).Describe()),
        nameof(MethodStateGrain) => States(await grains.GetGrain<IMethodStateGrain>(key).Describe()),
        nameof(WarmCopyGrain) => [.. (await grains.GetGrain<IWarmCopyGrain>(key).Describe()).Select(c => new GrainFact($"copy of {c.Key}", $"version {c.Value}"))],
        nameof(WorkerGrain) => Worker(await grains.GetGrain<IWorkerGrain>(key).Describe()),
        nameof(WorkerPoolGrain) => Pool(await grains.GetGrain<IWorkerPoolGrain>(key).Live()),
        nameof(RunCatalogGrain) => [new("runs", string.Join(", ", await grains.GetGrain<IRunCatalogGrain>(key).List()))],
        nameof(SiloMetersGrain) => Silo(await grains.GetGrain<ISiloMetersGrain>(key).Read()),
        _ => [],
    };

    private static GrainFact[] Run(RunStatus s) =>
    [
        new("phase", s.Phase.ToString()),
        new("position in the ledger", $"step {s.Step} of {s.TotalSteps}"),
        new("epoch", Number(s.Epoch)),
        new("loss of the last step", Number(s.Loss)),
        new("weights", s.WeightsHash),
        new("last checkpoint", s.LastCheckpoint < 0 ? "none yet" : $"step {s.LastCheckpoint}"),
        new("workers", string.Join(", ", s.Workers.Select(w => $"{w.Worker.Name} ({w.State}, holds {w.MicroBatches})"))),
        new("message", s.Message),
    ];

    private static List<GrainFact> Slice(SliceDescription d, bool isTeacher)
    {
        var facts = new List<GrainFact>
        {
            new("version", $"{d.Version}"),
            new(isTeacher ? "tensors that follow the student" : "tensors", $"{d.Tensors}"),
            new("values", d.Length.ToString("N0", CultureInfo.InvariantCulture)),
            new("norm", Number(d.Norm)),
        };
        if (isTeacher)
        {
            facts.Add(new("momentum of the last step", Number(d.Momentum)));
            facts.Add(new("distance to the student", Number(d.DistanceToStudent)));
        }

        return facts;
    }

    private static List<GrainFact> States(StateDescription[] states)
    {
        var facts = new List<GrainFact>();
        foreach (var s in states)
        {
            facts.Add(new($"{s.Name}: kind", $"{s.Kind}, {string.Join(" × ", s.Shape)}"));
            facts.Add(new($"{s.Name}: version", $"{s.Version}"));
            facts.Add(new($"{s.Name}: norm", Number(s.Norm)));
            if (s.Kind != "queue")
                continue;
            facts.Add(new($"{s.Name}: length", $"{s.Filled} of {s.Shape[0]} keys, {s.Pushed} ever pushed"));
            facts.Add(new($"{s.Name}: age of the keys", s.OldestAge < 0 ? "known after the next step" : $"1 to {s.OldestAge} steps"));
        }

        return facts;
    }

    private static GrainFact[] Worker(WorkerInfo w) =>
    [
        new("device", w.Device), new("numerics class", w.NumericsClass), new("process", $"{w.ProcessId} on {w.Machine}"), new("life", w.Life),
    ];

    private static GrainFact[] Pool(WorkerInfo[] live) => [new("workers", $"{live.Length}"), .. live.Select(w => new GrainFact(w.Name, $"{w.Device}, process {w.ProcessId} on {w.Machine}"))];

    private static GrainFact[] Silo(SiloMeters m) =>
    [
        new("process", $"{m.ProcessId}"),
        new("up", $"{Number(m.UptimeSeconds)} s"),
        new("processor time", $"{Number(m.ProcessorSeconds)} s"),
        new("memory", $"{m.WorkingSet / (1 << 20)} MiB, {m.ManagedHeap / (1 << 20)} MiB of it managed"),
    ];

    private static string Number(double value) => value.ToString("G6", CultureInfo.InvariantCulture);
}
