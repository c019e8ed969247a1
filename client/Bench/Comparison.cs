using System.Globalization;
using SslOrleans.Client.CommandLine;

namespace SslOrleans.Client.Bench;

/// <summary>Several sides measured in turns, so that whatever else the machine does falls on all of them.</summary>
/// <param name="What">What was measured, with its unit.</param>
/// <param name="Ours">One value a round.</param>
/// <param name="Peers">The same of each peer, by name.</param>
public sealed record Comparison(string What, IReadOnlyList<double> Ours, IReadOnlyDictionary<string, IReadOnlyList<double>> Peers)
{
    /// <summary>Our side's name.</summary>
    public const string OurName = "ours";

    /// <summary>Share of our steps that workers waited for views, one value a round; empty where nothing trains.</summary>
    public IReadOnlyList<double> DataWait { get; init; } = [];

    /// <summary>Peers that were not measured, each with the reason in a line.</summary>
    public IReadOnlyDictionary<string, string> NotMeasured { get; init; } = new Dictionary<string, string>();

    /// <summary>Ours over a peer's, round by round.</summary>
    public IReadOnlyList<double> Ratios(string peer) => [.. Ours.Zip(Peers[peer], (a, b) => a / b)];

    /// <summary>Measures the sides in turns; the next one begins each round.</summary>
    /// <param name="what">What is measured, with its unit.</param>
    /// <param name="rounds">Turns of each side.</param>
    /// <param name="ours">Measures our side once.</param>
    /// <param name="peers">Measure a peer once, by name.</param>
    /// <param name="tell">Is told round, side and value.</param>
    public static async Task<Comparison> Measure(
        string what, int rounds, Func<Task<double>> ours, IReadOnlyDictionary<string, Func<Task<double>>> peers, Action<int, string, double> tell)
    {
        (string Name, Func<Task<double>> Run)[] sides = [(OurName, ours), .. peers.Select(p => (p.Key, p.Value))];
        var values = sides.ToDictionary(s => s.Name, _ => new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            for (var turn = 0; turn < sides.Length; turn++)
            {
                var (name, run) = sides[(round + turn) % sides.Length];
                values[name].Add(await run());
                tell(round, name, values[name][^1]);
            }
        }

        return new Comparison(what, values[OurName], peers.Keys.ToDictionary(name => name, name => (IReadOnlyList<double>)values[name]));
    }

    /// <summary>Median, least and greatest of each side and of its ratio.</summary>
    public void Show(Screen screen)
    {
        if (screen.Json)
        {
            screen.JsonLine(new
            {
                what = What,
                ours = Summary(Ours),
                peers = Peers.ToDictionary(p => p.Key, p => new { value = Summary(p.Value), ratio = Summary(Ratios(p.Key)) }),
                dataWait = DataWait.Count > 0 ? Summary(DataWait) : null,
                notMeasured = NotMeasured,
            });
            return;
        }

        screen.Line($"{What}, median of {Ours.Count} (least to greatest)");
        screen.Line($"  {OurName,-11} {Text(Ours, "N1")}{(DataWait.Count > 0 ? $"; data wait {Text(DataWait, "P2")} of the step" : "")}");
        foreach (var (name, values) in Peers)
            screen.Line($"  {name,-11} {Text(values, "N1")}; ours is {Text(Ratios(name), "F2")} ×");
        foreach (var (name, why) in NotMeasured)
            screen.Line($"  {name,-11} not measured: {why}");
    }

    private static object Summary(IReadOnlyList<double> values) => new { median = Median(values), min = values.Min(), max = values.Max(), rounds = values };

    private static string Text(IReadOnlyList<double> values, string format)
        => string.Create(CultureInfo.InvariantCulture, $"{Median(values).ToString(format, null)} ({values.Min().ToString(format, null)} to {values.Max().ToString(format, null)})");

    private static double Median(IReadOnlyList<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
