using System.Globalization;
using System.Text.Json.Nodes;
using SslOrleans.Client.Bench;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;

namespace SslOrleans.Client.Commands;

/// <summary>Ours and its peers in turns, each in a process of its own, and what came out.</summary>
internal static class BenchTurns
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(20);

    /// <param name="screen">Is told each value, and shows medians and ratios.</param>
    /// <param name="rounds">Turns of each side.</param>
    /// <param name="what">What is measured, with its unit.</param>
    /// <param name="own">Arguments with which this program measures our side once.</param>
    /// <param name="data">The images.</param>
    /// <param name="peers">Each measures its side once.</param>
    /// <param name="missing">Peers that cannot run, with the reason.</param>
    /// <param name="cancellation">Ends the processes.</param>
    public static async Task Run(
        Screen screen, int rounds, string what, string[] own, string data, IReadOnlyDictionary<string, Func<Task<double>>> peers,
        IReadOnlyDictionary<string, string> missing, CancellationToken cancellation)
    {
        if (rounds < 1)
            throw new UserErrorException($"--rounds is {rounds}; give at least 1.");
        var waits = new List<double>();
        var result = await Comparison.Measure(
            what,
            rounds,
            Ours,
            peers,
            (round, side, value) => screen.Note(string.Create(CultureInfo.InvariantCulture, $"round {round + 1}/{rounds}: {side} {value:N1}")));
        (result with { DataWait = waits, NotMeasured = missing }).Show(screen);

        async Task<double> Ours()
        {
            var (code, output, error) = await Subprocess.RunSelf([.. own, "--data", data, "--alone", "--json"], s_patience, cancellation);
            if (code != 0)
                throw new UserErrorException(error.Trim().Split('\n')[^1].Replace("sslo: ", "", StringComparison.Ordinal));
            var measured = JsonNode.Parse(output)!;
            if (measured["dataWaitShare"] is { } wait)
                waits.Add(wait.GetValue<double>());
            return measured["value"]!.GetValue<double>();
        }
    }
}
