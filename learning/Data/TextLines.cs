using System.Security.Cryptography;
using System.Text;
using SslOrleans.Contracts;

namespace SslOrleans.Learning.Data;

/// <summary>
/// Lines of text of one split: each line of a <c>*.txt</c> file that is not blank is a sample, in the order of the files; <c>label TAB text</c> where every line has a tab. Files whose
/// name holds a split's name as a word are of that split; where none does, every fifth line is held out as the test split.
/// </summary>
public sealed class TextLines
{
    private const int HeldOut = 5;

    private TextLines(string location, IReadOnlyList<string> lines, IReadOnlyList<string> notes)
    {
        Notes = notes;
        var labelled = lines.All(l => l.IndexOf('\t') > 0);
        Lines = labelled ? [.. lines.Select(l => l[(l.IndexOf('\t') + 1)..].Trim())] : lines;
        Labels = labelled ? [.. lines.Select(l => l[..l.IndexOf('\t')].Trim())] : null;
        Fingerprint = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))));
        Location = location;
    }

    /// <summary>The place, for messages.</summary>
    public string Location { get; }

    /// <summary>The texts.</summary>
    public IReadOnlyList<string> Lines { get; }

    /// <summary>Their classes; null where there are none.</summary>
    public IReadOnlyList<string>? Labels { get; }

    /// <summary>Hash of all lines.</summary>
    public string Fingerprint { get; }

    /// <summary>What is odd and stops nothing.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Reads a split.</summary>
    /// <param name="files">The place.</param>
    /// <param name="split">train, test or val.</param>
    /// <param name="limit">First N lines; 0: all.</param>
    /// <exception cref="UserErrorException">There is no text.</exception>
    public static TextLines Read(IDataFiles files, string split, int limit = 0)
    {
        var all = files.List().Where(f => Path.GetExtension(f.Name).Equals(".txt", StringComparison.OrdinalIgnoreCase) && Path.GetFileName(f.Name) != "classes.txt").ToList();
        if (all.Count == 0)
            throw Refused($"{files.Location} holds no text (*.txt, one sample a line); give a file, or a folder that has one.");
        var named = all.Any(f => SplitNames.Of(f.Name) is not null);
        var chosen = named ? all.Where(f => (SplitNames.Of(f.Name) ?? "train") is var own && (own == split || (split != "train" && own != "train"))).ToList() : all;
        var (lines, broken) = (new List<string>(), 0);
        foreach (var file in chosen)
        {
            var bytes = new byte[checked((int)file.Length)];
            files.Read(file, 0, bytes);
            foreach (var range in bytes.AsSpan().Split((byte)'\n'))
            {
                if (Captions.OfText(bytes.AsSpan(range)) is { } line)
                    lines.Add(line);
                else
                    broken++;
            }
        }

        lines.RemoveAll(l => l.Length == 0);
        if (!named)
            lines = [.. lines.Where((_, i) => (i % HeldOut == HeldOut - 1) == (split != "train"))];
        if (limit > 0 && lines.Count > limit)
            lines.RemoveRange(limit, lines.Count - limit);
        if (lines.Count == 0)
            throw Refused($"{files.Location} has no lines of text in split '{split}'; add some, or name another split.");
        return new TextLines(files.Location, lines,
        [
            .. named ? Array.Empty<string>() : [$"no file is named after a split: every {HeldOut}th line is held out as the test split"],
            .. broken == 0 ? Array.Empty<string>() : [$"{broken} lines are not UTF-8 and left out"],
        ]);
    }

    private static UserErrorException Refused(string why) => new(why) { Reason = RefusalReason.Data };
}

/// <summary>Splits by the words of a file's name.</summary>
internal static class SplitNames
{
    /// <summary>train, test or val; null when the name has none of these words.</summary>
    public static string? Of(string name)
    {
        var words = name.Split('-', '_', '.', '/');
        return words.Contains("train", StringComparer.OrdinalIgnoreCase) ? "train"
            : words.Contains("test", StringComparer.OrdinalIgnoreCase) ? "test"
            : words.Contains("val", StringComparer.OrdinalIgnoreCase) || words.Contains("validation", StringComparer.OrdinalIgnoreCase) ? "val" : null;
    }
}
