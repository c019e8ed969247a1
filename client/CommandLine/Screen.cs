using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace SslOrleans.Client.CommandLine;

/// <summary>
/// Where a command writes. Results go to standard output, everything else to standard error.
/// With <c>--json</c> standard output carries one JSON object per line and nothing else.
/// </summary>
public sealed class Screen
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <param name="output">Standard output.</param>
    /// <param name="error">Standard error.</param>
    /// <param name="isTerminal">True where a person looks at a terminal that can move its cursor.</param>
    public Screen(TextWriter output, TextWriter error, bool isTerminal)
    {
        Output = output;
        Error = error;
        IsTerminal = isTerminal;
        Console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isTerminal && Environment.GetEnvironmentVariable("NO_COLOR") is null or "" ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isTerminal ? InteractionSupport.Detect : InteractionSupport.No,
            Out = new AnsiConsoleOutput(output),
        });
        if (!isTerminal)
            Console.Profile.Width = 160;
    }

    public TextWriter Output { get; }

    public TextWriter Error { get; }

    /// <summary>Spectre.Console over <see cref="Output"/>.</summary>
    public IAnsiConsole Console { get; }

    /// <summary>True where the screen can be refreshed in place.</summary>
    public bool IsTerminal { get; }

    /// <summary>True when <c>--json</c> was given.</summary>
    public bool Json { get; set; }

    /// <summary>The process's own streams; plain when piped, under CI=true or on a dumb terminal.</summary>
    public static Screen OfProcess()
    {
        var plain = System.Console.IsOutputRedirected
            || string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase)
            || Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb";
        return new Screen(System.Console.Out, System.Console.Error, !plain);
    }

    /// <summary>One line of text; nothing with <c>--json</c>.</summary>
    public void Line(string text = "")
    {
        if (!Json)
            Output.WriteLine(text);
    }

    /// <summary>One line about what goes on, on standard error, so that results can be piped.</summary>
    public void Note(string text) => Error.WriteLine(text);

    /// <summary>One JSON object on one line.</summary>
    public void JsonLine(object value)
    {
        Output.WriteLine(ToJson(value));
        Output.Flush();
    }

    /// <summary>An object as one line of JSON: camelCase, NaN and infinities as their names.</summary>
    public static string ToJson(object value)
        => value is JsonNode node ? node.ToJsonString(s_json) : JsonSerializer.Serialize(value, value.GetType(), s_json);

    /// <summary>A table without frame: readable, and cut well by <c>awk</c> and <c>column</c>.</summary>
    public void Table(IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = true };
        foreach (var heading in headings)
            table.AddColumn(new TableColumn(new Markup($"[bold]{Markup.Escape(heading)}[/]")) { Padding = new Padding(0, 0, 2, 0) });
        foreach (var row in rows)
            table.AddRow([.. row.Select(cell => new Text(cell))]);
        Console.Write(table);
    }
}
