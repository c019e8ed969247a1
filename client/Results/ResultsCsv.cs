using System.Globalization;
using nietras.SeparatedValues;
using SslOrleans.Contracts;

namespace SslOrleans.Client.Results;

/// <summary>The runs of a table as a CSV file: a line a run, a column a value.</summary>
public static class ResultsCsv
{
    private static readonly string[] s_fixed = ["row", "recipe", "seed", "run", "steps", "samples", "seconds", "images_per_second", "weights", "ledger", "numerics", "failed"];

    public static string Write(IReadOnlyList<ResultsRun> runs)
    {
        var names = runs.SelectMany(r => r.Values.Keys).Distinct().Order(StringComparer.Ordinal).ToList();
        using var writer = Sep.New(',').Writer(o => o with { CultureInfo = CultureInfo.InvariantCulture, Escape = true }).ToText();
        foreach (var run in runs)
        {
            using var line = writer.NewRow();
            line["row"].Set(run.Row);
            line["recipe"].Set(run.Recipe);
            line["seed"].Format(run.Seed);
            line["run"].Set(run.Run);
            line["steps"].Format(run.Steps);
            line["samples"].Format(run.Samples);
            line["seconds"].Set(run.Seconds.ToString("R", CultureInfo.InvariantCulture));
            line["images_per_second"].Set(run.ImagesPerSecond.ToString("R", CultureInfo.InvariantCulture));
            line["weights"].Set(run.Weights);
            line["ledger"].Set(run.Ledger);
            line["numerics"].Set(run.Numerics);
            line["failed"].Set(run.Failed.ReplaceLineEndings(" "));
            foreach (var name in names)
                line[name].Set(run.Values.TryGetValue(name, out var value) ? value.ToString("R", CultureInfo.InvariantCulture) : "");
        }

        return writer.ToString();
    }

    /// <exception cref="UserErrorException">It is no such file.</exception>
    public static IReadOnlyList<ResultsRun> Read(string path)
    {
        if (!File.Exists(path))
            throw new UserErrorException($"{path} does not exist; `sslo table FILE --out FOLDER` writes it.");
        try
        {
            using var reader = Sep.New(',').Reader(o => o with { CultureInfo = CultureInfo.InvariantCulture, Unescape = true }).FromFile(path);
            var names = reader.Header.ColNames.Except(s_fixed).ToList();
            var runs = new List<ResultsRun>();
            foreach (var line in reader)
            {
                var values = new Dictionary<string, double>();
                foreach (var name in names)
                {
                    if (line[name].Span.Length > 0)
                        values[name] = line[name].Parse<double>();
                }

                runs.Add(new ResultsRun
                {
                    Row = line["row"].ToString(),
                    Recipe = line["recipe"].ToString(),
                    Seed = line["seed"].Parse<ulong>(),
                    Run = line["run"].ToString(),
                    Steps = line["steps"].Parse<long>(),
                    Samples = line["samples"].Parse<long>(),
                    Seconds = line["seconds"].Parse<double>(),
                    ImagesPerSecond = line["images_per_second"].Parse<double>(),
                    Weights = line["weights"].ToString(),
                    Ledger = line["ledger"].ToString(),
                    Numerics = line["numerics"].ToString(),
                    Failed = line["failed"].ToString(),
                    Values = values,
                });
            }

            return runs;
        }
        catch (Exception e) when (e is KeyNotFoundException or FormatException or InvalidDataException)
        {
            throw new UserErrorException($"{path} is no table's CSV file: {e.Message}", e);
        }
    }
}
