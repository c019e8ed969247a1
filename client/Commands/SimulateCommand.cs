using System.CommandLine;
using System.Globalization;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;
using SslOrleans.Grains.Simulation;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo simulate</c>: a run on more workers than there are, on a simulated clock.</summary>
public static class SimulateCommand
{
    private static readonly Dictionary<string, double> s_times = new() { ["ms"] = 0.001, ["s"] = 1, ["m"] = 60, ["h"] = 3600, ["d"] = 86400 };
    private static readonly Dictionary<string, double> s_rates = new() { ["Mb"] = 1e6, ["Gb"] = 1e9 };

    public static Command Build(Screen screen)
    {
        var usual = new SimulatedCluster();
        var workers = new Option<int>("--workers") { Description = "Worker silos.", DefaultValueFactory = _ => usual.Workers };
        var silos = new Option<int?>("--parameter-silos") { Description = "Silos that hold the slices; one for 16 workers by default." };
        var model = new Option<string>("--model") { Description = $"{string.Join(", ", ModelShapes.Names)}.", DefaultValueFactory = _ => usual.Model };
        var slices = new Option<int>("--slices") { Description = "workers.slices of the recipe.", DefaultValueFactory = _ => usual.Slices };
        var batch = new Option<int?>("--batch") { Description = "Effective batch; 32 images a worker by default." };
        var micro = new Option<int>("--micro-batch") { Description = "Images in a micro-batch.", DefaultValueFactory = _ => usual.MicroBatch };
        var speed = new Option<double>("--images-per-second") { Description = "Of one worker, all views, forward and backward.", DefaultValueFactory = _ => usual.ImagesPerSecond };
        var spread = new Option<double>("--spread") { Description = "Standard deviation of the workers' speeds, of their mean.", DefaultValueFactory = _ => usual.Spread };
        var bandwidth = new Option<string>("--bandwidth") { Description = "Of each link: 25Gb, 800Mb.", DefaultValueFactory = _ => "25Gb" };
        var embedding = new Option<int>("--embedding") { Description = "Floats an image leaves for coupling; 0: the loss is a mean over images.", DefaultValueFactory = _ => 0 };
        var mtbf = new Option<string>("--mtbf") { Description = "Mean time between failures of one worker: 4h, 1d; 0: none.", DefaultValueFactory = _ => "24h" };
        var notice = new Option<string>("--notice") { Description = "Until a lost worker is noticed.", DefaultValueFactory = _ => "1s" };
        var replacement = new Option<string>("--replacement") { Description = "Until another takes its place.", DefaultValueFactory = _ => "2m" };
        var duration = new Option<string>("--for") { Description = "How long the run is.", DefaultValueFactory = _ => "24h" };
        var seed = new Option<ulong>("--seed") { Description = "Of speeds and failures.", DefaultValueFactory = _ => 0 };
        var command = new Command("simulate", "A run on more workers than there are: the real planner and lease code on a simulated clock.")
        {
            workers, silos, model, slices, batch, micro, speed, spread, bandwidth, embedding, mtbf, notice, replacement, duration, seed,
        };
        command.SetAction(parsed =>
        {
            var count = parsed.GetValue(workers);
            var result = ClusterSimulation.Run(new SimulatedCluster
            {
                Workers = count,
                ParameterSilos = parsed.GetValue(silos) ?? Math.Max(1, count / 16),
                Model = parsed.GetRequiredValue(model),
                Slices = parsed.GetValue(slices),
                EffectiveBatch = parsed.GetValue(batch) ?? 32 * count,
                MicroBatch = parsed.GetValue(micro),
                ImagesPerSecond = parsed.GetValue(speed),
                Spread = parsed.GetValue(spread),
                Bandwidth = Amount(parsed.GetRequiredValue(bandwidth), "--bandwidth", s_rates, "25Gb or 800Mb"),
                EmbeddingFloats = parsed.GetValue(embedding),
                MeanTimeBetweenFailures = Time(parsed.GetRequiredValue(mtbf), "--mtbf"),
                Notice = Time(parsed.GetRequiredValue(notice), "--notice"),
                Replacement = Time(parsed.GetRequiredValue(replacement), "--replacement"),
                Duration = Time(parsed.GetRequiredValue(duration), "--for"),
                Seed = parsed.GetValue(seed),
            });
            if (screen.Json)
                screen.JsonLine(result);
            else
                Show(screen, result);
            return ExitCodes.Well;
        });
        return command;
    }

    private static void Show(Screen screen, SimulationResult result)
    {
        Line("goodput", $"{result.Goodput:P2}", "of what the same workers would do without failures");
        Line("steps", $"{result.Steps:N0}", $"of {result.StepSeconds:N3} s; {result.ImagesPerSecond:N0} images/s");
        foreach (var (part, seconds) in result.Parts)
            Line($"  {part}", $"{seconds * 1000:N1} ms", part == result.Limit ? "the limit" : "");
        Line("failures", $"{result.Failures:N0}", $"each adds {result.RecoverySeconds:N2} s to its step, the worst {result.WorstRecoverySeconds:N2} s");
        Line("computed twice", $"{result.Repeated:N0}", "micro-batches");
        Line("partial sums", $"{result.PartialSums:N2}", "per worker and step");
        Line("worker's link", $"{result.WorkerLinkBytes / 1e6:N1} MB", $"a step, {result.WorkerLinkOfBound:N2} of 2·P·(n−1)/n + embeddings");
        Line("parameter silo's link", $"{result.ParameterLinkBytes / 1e6:N1} MB", "a step, the busiest");
        Line("queue", $"{result.QueueDepth:N0}", "messages at most at the busiest parameter grain");
        Line("simulated in", $"{result.ComputedIn:N1} s", "");

        void Line(string what, string value, string more) => screen.Line(string.Create(CultureInfo.InvariantCulture, $"{what,-22} {value,14}  {more}").TrimEnd());
    }

    private static double Time(string text, string option) => text == "0" ? 0 : Amount(text, option, s_times, "30s, 2m, 4h or 1d");

    private static double Amount(string text, string option, Dictionary<string, double> units, string examples)
    {
        var unit = new string([.. text.SkipWhile(c => char.IsAsciiDigit(c) || c == '.')]);
        return units.TryGetValue(unit, out var scale)
            && double.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            ? number * scale
            : throw new UserErrorException($"{option} is \"{text}\"; write it as {examples}.");
    }
}
