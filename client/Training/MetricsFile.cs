using System.Globalization;
using System.Text.Json;
using SslOrleans.Contracts;

namespace SslOrleans.Client.Training;

/// <summary>A value at a step.</summary>
public readonly record struct MetricPoint(long Step, double Value);

/// <summary>
/// Reads <c>metrics.jsonl</c>: one JSON object per line with <c>step</c> and any numbers beside it; numbers in nested objects
/// get names with dots, those in <c>values</c> their own. A last line that was cut by a crash is left out.
/// </summary>
public sealed class MetricsFile
{
    private readonly SortedDictionary<string, List<MetricPoint>> _series = new(StringComparer.Ordinal);

    /// <summary>Names of the metrics.</summary>
    public IReadOnlyCollection<string> Names => _series.Keys;

    /// <summary>Last step of any metric; −1 when there is none.</summary>
    public long LastStep { get; private set; } = -1;

    /// <summary>Points of a metric by step; empty when it was never written.</summary>
    public IReadOnlyList<MetricPoint> this[string name] => _series.TryGetValue(name, out var points) ? points : [];

    /// <exception cref="UserErrorException">The file is missing, or a line that is not the last is no JSON object.</exception>
    public static MetricsFile Read(string path)
    {
        if (!File.Exists(path))
            throw new UserErrorException($"{path} does not exist; a run writes it as soon as it has made its first step.");
        // A run may be writing it.
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        return Read(reader, path);
    }

    /// <summary>The same from any text; <paramref name="where"/> names it in errors.</summary>
    public static MetricsFile Read(TextReader reader, string where)
    {
        var file = new MetricsFile();
        var number = 0;
        string? broken = null;
        while (reader.ReadLine() is { } line)
        {
            number++;
            if (broken is not null)
                throw new UserErrorException($"{where}, line {number - 1}: {broken}; remove the line.");
            if (line.Length == 0)
                continue;
            try
            {
                using var json = JsonDocument.Parse(line);
                if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("step", out var step) || !step.TryGetInt64(out var at))
                {
                    broken = "no object with a \"step\"";
                    continue;
                }

                file.LastStep = Math.Max(file.LastStep, at);
                file.Take(json.RootElement, "", at);
            }
            catch (JsonException)
            {
                broken = "not valid JSON";
            }
        }

        return file;
    }

    private void Take(JsonElement element, string prefix, long step)
    {
        foreach (var property in element.EnumerateObject())
        {
            var name = prefix + property.Name;
            if (name == "step")
                continue;
            switch (property.Value.ValueKind)
            {
                case JsonValueKind.Number:
                    Add(name, step, property.Value.GetDouble());
                    break;
                case JsonValueKind.String when property.Value.GetString() is "NaN" or "Infinity" or "-Infinity":
                    Add(name, step, double.Parse(property.Value.GetString()!, CultureInfo.InvariantCulture));
                    break;
                case JsonValueKind.Object:
                    Take(property.Value, name == "values" ? "" : name + ".", step);
                    break;
            }
        }
    }

    private void Add(string name, long step, double value)
    {
        if (!_series.TryGetValue(name, out var points))
            _series[name] = points = [];
        // A resumed run writes a replayed step again; the later line is the one that counts.
        while (points.Count > 0 && points[^1].Step >= step)
            points.RemoveAt(points.Count - 1);
        points.Add(new MetricPoint(step, value));
    }
}
