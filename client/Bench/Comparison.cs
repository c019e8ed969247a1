using SslOrleans.Client.CommandLine;

namespace SslOrleans.Client.Bench;

/// <summary>Two sides measured in turns, so that whatever else the machine does falls on both.</summary>
/// <param name="What">What was measured, with its unit.</param>
/// <param name="Ours">One value a round.</param>
/// <param name="Peer">One value a round; empty without a peer.</param>
public sealed record Comparison(string What, IReadOnlyList<double> Ours, IReadOnlyList<double> Peer)
{
    /// <summary>Share of our steps that workers waited for views, one value a round; empty where nothing trains.</summary>
    public IReadOnlyList<double> DataWait { get; init; } = [];

    /// <summary>Ours over the peer's, round by round.</summary>
    public IReadOnlyList<double> Ratios => [.. Ours.Zip(Peer, (a, b) => a / b)];

    /// <summary>Measures the sides in turns; a different one begins each round.</summary>
    public static async Task<Comparison> Measure(string what, int rounds, Func<Task<double>> ours, Func<Task<double>>? peer, Action<int, string, double> tell)
    {
        var mine = new List<double>();
        var theirs = new List<double>();
        for (var round = 0; round < rounds; round++)
        {
            if (peer is not null && round % 2 == 1)
                await Peer(round);
            mine.Add(await ours());
            tell(round, "ours", mine[^1]);
            if (peer is not null && round % 2 == 0)
                await Peer(round);
        }

        return new Comparison(what, mine, theirs);

        async Task Peer(int round)
        {
            theirs.Add(await peer!());
            tell(round, "peer", theirs[^1]);
        }
    }

    /// <summary>Median, least and greatest of each side and of the ratio.</summary>
    public void Show(Screen screen, string without)
    {
        if (screen.Json)
        {
            screen.JsonLine(new
            {
                what = What,
                ours = Summary(Ours),
                peer = Peer.Count > 0 ? Summary(Peer) : null,
                ratio = Peer.Count > 0 ? Summary(Ratios) : null,
                dataWait = DataWait.Count > 0 ? Summary(DataWait) : null,
                withoutPeer = Peer.Count > 0 ? null : without,
            });
            return;
        }

        screen.Line($"{What}, median of {Ours.Count} (least to greatest)");
        screen.Line($"  ours    {Text(Ours, "N1")}{(DataWait.Count > 0 ? $"; data wait {Text(DataWait, "P2")} of the step" : "")}");
        if (Peer.Count == 0)
        {
            screen.Line($"  PyTorch not measured: {without}");
            return;
        }

        screen.Line($"  PyTorch {Text(Peer, "N1")}");
        screen.Line($"  ratio   {Text(Ratios, "F2")}");
    }

    private static object Summary(IReadOnlyList<double> values) => new { median = Median(values), min = values.Min(), max = values.Max(), rounds = values };

    private static string Text(IReadOnlyList<double> values, string format)
        => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Median(values).ToString(format, null)} ({values.Min().ToString(format, null)} to {values.Max().ToString(format, null)})");

    private static double Median(IReadOnlyList<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
