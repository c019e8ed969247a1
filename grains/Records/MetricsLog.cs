using System.Text;
using System.Text.Json;
using SslOrleans.Contracts;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Grains.Records;

/// <summary>Numbers of one step, or of a probe on a version.</summary>
/// <param name="Step">The step.</param>
/// <param name="Hash">Weights hash that they belong to.</param>
/// <param name="Values">By name: loss, learningRate, gradientNorm …</param>
public sealed record MetricsEntry(long Step, string Hash, IReadOnlyDictionary<string, double> Values);

/// <summary>
/// <c>metrics.jsonl</c>: numbers to look at, written in batches and not before every commit. A lost line costs a point of a curve.
/// What steps that are computed again add a second time is left out when reading.
/// </summary>
public sealed class MetricsLog(IRunStorage storage, string run)
{
    public const string FileName = "metrics.jsonl";

    private const int DueAfterLines = 50;
    private static readonly TimeSpan s_dueAfter = TimeSpan.FromSeconds(2);

    private readonly StringBuilder _waiting = new();
    private readonly SemaphoreSlim _gate = new(1);
    private JsonLines? _file;
    private byte[] _sending = [];
    private int _lines;
    private long _since = Environment.TickCount64;

    /// <summary>Enough waits, or has waited long enough, to be written.</summary>
    public bool IsDue
    {
        get
        {
            lock (_waiting)
                return _sending.Length > 0 || _lines >= DueAfterLines || (_lines > 0 && Environment.TickCount64 - _since >= s_dueAfter.TotalMilliseconds);
        }
    }

    /// <summary>Takes a line; <see cref="Flush"/> writes it.</summary>
    public void Add(long step, string hash, IReadOnlyDictionary<string, double> values)
    {
        var line = JsonSerializer.Serialize(new MetricsEntry(step, hash, values), JsonLines.Options);
        lock (_waiting)
        {
            _waiting.Append(line).Append('\n');
            if (_lines++ == 0)
                _since = Environment.TickCount64;
        }
    }

    /// <summary>Writes what waits. After an exception everything still waits; call again.</summary>
    /// <exception cref="StorageUnavailableException">The storage does not take it.</exception>
    public async Task Flush()
    {
        await _gate.WaitAsync();
        try
        {
            _file ??= (await JsonLines.Open(storage, $"{run}/{FileName}")).File;
            await Send();
            lock (_waiting)
            {
                _sending = Encoding.UTF8.GetBytes(_waiting.ToString());
                _waiting.Clear();
                _lines = 0;
            }

            await Send();
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>All numbers of a run in order of steps; of lines with the same step and names the last one.</summary>
    /// <exception cref="UserErrorException">A line in the middle is no record.</exception>
    public static async Task<IReadOnlyList<MetricsEntry>> Read(IRunStorage storage, string run, CancellationToken cancellation = default)
    {
        var last = new Dictionary<(long, string), MetricsEntry>();
        var number = 0;
        foreach (var line in JsonLines.Split(await storage.Read($"{run}/{FileName}", cancellation) ?? []).Lines)
        {
            number++;
            var entry = Parse(line.Span, number);
            last[(entry.Step, string.Join('\n', entry.Values.Keys.Order(StringComparer.Ordinal)))] = entry;
        }

        return [.. last.Values.OrderBy(e => e.Step)];
    }

    /// <summary>Whole lines from a position on, for those who read again and again; from the beginning when the file has become shorter.</summary>
    /// <returns>The lines, the position behind them, and whether they begin at the beginning. Lines that are no record are left out.</returns>
    public static async Task<(IReadOnlyList<MetricsEntry> Entries, int Position, bool Anew)> ReadOn(IRunStorage storage, string run, int position)
    {
        var content = await storage.Read($"{run}/{FileName}") ?? [];
        var start = position <= content.Length ? position : 0;
        var (lines, length) = JsonLines.Split(content[start..]);
        var entries = new List<MetricsEntry>(lines.Count);
        foreach (var line in lines)
        {
            try
            {
                entries.Add(Parse(line.Span, entries.Count + 1));
            }
            catch (UserErrorException)
            {
                // A curve without one point is still a curve.
            }
        }

        return (entries, start + length, start == 0);
    }

    /// <summary>The same bytes go out until they are there: then a repeated append is recognised.</summary>
    private async Task Send()
    {
        if (_sending.Length == 0)
            return;
        try
        {
            await _file!.Append(_sending);
        }
        catch (StorageConflictException)
        {
            _file = (await JsonLines.Open(storage, $"{run}/{FileName}")).File;
            await _file.Append(_sending);
        }

        _sending = [];
    }

    private static MetricsEntry Parse(ReadOnlySpan<byte> line, int number)
    {
        try
        {
            if (JsonSerializer.Deserialize<MetricsEntry>(line, JsonLines.Options) is { Values: not null } entry)
                return entry;
        }
        catch (JsonException)
        {
        }

        throw new UserErrorException($"Line {number} of {FileName} is no record of metrics; remove the line or the file, the training does not need it.");
    }
}
