using System.Globalization;
using System.Text;
using SslOrleans.Contracts.Messages;
using SslOrleans.Silo.Dashboard.Watching;

namespace SslOrleans.Silo.Dashboard.Endpoints;

/// <summary>The cluster's numbers in Prometheus' text format, version 0.0.4.</summary>
internal static class PrometheusText
{
    public static string Write(ClusterState cluster, GrainsState grains)
    {
        var text = new StringBuilder();
        Runs(text, "step", "gauge", "Committed steps.", r => r.Step);
        Runs(text, "steps_planned", "gauge", "Steps that the recipe asks for.", r => r.TotalSteps);
        Runs(text, "epoch", "gauge", "Passes over the data.", r => r.Epoch);
        Runs(text, "loss", "gauge", "Mean loss of the last step.", r => r.Loss);
        Runs(text, "learning_rate", "gauge", "Learning rate of the last step.", r => r.LearningRate);
        Runs(text, "images_per_second", "gauge", "Images of the last steps by their wall-clock seconds.", r => r.ImagesPerSecond);
        Runs(text, "data_wait_ratio", "gauge", "Share of the workers' time that went into waiting for views.", r => r.DataWaitShare);
        Runs(text, "last_checkpoint_step", "gauge", "Step of the last checkpoint; -1 before the first.", r => r.LastCheckpoint);
        Family(text, "sslo_run_phase", "gauge", "1 for the phase that the run is in.", cluster.Runs.SelectMany(r =>
            Enum.GetValues<RunPhase>().Select(p => (Labels(("run", r.Run), ("phase", p.ToString())), r.Phase == p ? 1.0 : 0.0))));
        Family(text, "sslo_run_probe", "gauge", "Last value of a probe.", cluster.Runs.SelectMany(r => r.Probes.Select(p => (Labels(("run", r.Run), ("probe", p.Key)), p.Value))));
        Family(text, "sslo_worker_micro_batches_per_second", "gauge", "Speed of a worker of a run.", cluster.Runs.SelectMany(r =>
            r.Workers.Select(w => (Labels(("run", r.Run), ("worker", w.Worker.Name), ("state", w.State.ToString().ToLowerInvariant())), w.MicroBatchesPerSecond))));
        Family(text, "sslo_workers", "gauge", "Workers in the pool.", [("", cluster.Workers.Count)]);
        Family(text, "sslo_silo_up", "gauge", "1 for every silo that takes part.", grains.Silos.Select(s => (Labels(("silo", s.Name), ("address", s.Address)), 1.0)));
        Family(text, "sslo_silo_processor_seconds_total", "counter", "Processor time of the silo's process.", Meters(m => m.ProcessorSeconds));
        Family(text, "sslo_silo_memory_bytes", "gauge", "Working set of the silo's process.", Meters(m => m.WorkingSet));
        Family(text, "sslo_grain_activations", "gauge", "Activations of a grain class on a silo.", grains.Silos.SelectMany(s =>
            s.Activations.Select(a => (Labels(("silo", s.Name), ("grain", a.Key)), (double)a.Value))));
        return text.ToString();

        void Runs(StringBuilder to, string name, string type, string help, Func<RunStatus, double> value)
            => Family(to, $"sslo_run_{name}", type, help, cluster.Runs.Select(r => (Labels(("run", r.Run), ("method", r.Method)), value(r))));

        IEnumerable<(string, double)> Meters(Func<SiloMeters, double> value)
            => grains.Silos.Where(s => s.Meters is not null).Select(s => (Labels(("silo", s.Name)), value(s.Meters!)));
    }

    private static void Family(StringBuilder text, string name, string type, string help, IEnumerable<(string Labels, double Value)> samples)
    {
        var header = false;
        foreach (var (labels, value) in samples)
        {
            if (!header)
                text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");
            header = true;
            text.Append(CultureInfo.InvariantCulture, $"{name}{labels} {Number(value)}\n");
        }
    }

    private static string Number(double value)
        => double.IsNaN(value) ? "NaN" : double.IsInfinity(value) ? (value > 0 ? "+Inf" : "-Inf") : value.ToString("R", CultureInfo.InvariantCulture);

    private static string Labels(params ReadOnlySpan<(string Name, string Value)> labels)
    {
        var text = new StringBuilder("{");
        foreach (var (name, value) in labels)
        {
            if (text.Length > 1)
                text.Append(',');
            text.Append(name).Append("=\"").Append(value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)).Append('"');
        }

        return text.Append('}').ToString();
    }
}
