using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace SslOrleans.Silo.Logging;

/// <summary>
/// One line an entry, on standard error, because standard output belongs to the command, which may be printing JSON. An exception is its
/// type and message; where it was thrown, and what nobody <see cref="MustAct"/> on, is printed with <c>SSLO_TRACE=1</c>.
/// </summary>
public sealed class ConsoleLines() : ConsoleFormatter(nameof(ConsoleLines))
{
    private static readonly bool s_all = Environment.GetEnvironmentVariable("SSLO_TRACE") == "1";

    /// <summary>The only place that entries of this host go to.</summary>
    /// <param name="logging">Of a silo or a client.</param>
    /// <param name="orleans">The least level of what Orleans says; of everybody else it is warnings.</param>
    public static void AddTo(ILoggingBuilder logging, LogLevel orleans)
    {
        logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Orleans", orleans);
        logging.AddConsoleFormatter<ConsoleLines, ConsoleFormatterOptions>();
        logging.AddConsole(o => (o.FormatterName, o.LogToStandardErrorThreshold) = (nameof(ConsoleLines), LogLevel.Trace));
    }

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        if (!s_all && !MustAct.Covers(logEntry.LogLevel, logEntry.Category, logEntry.EventId, logEntry.State, logEntry.Exception))
            return;
        var text = logEntry.Formatter(logEntry.State, logEntry.Exception);
        textWriter.WriteLine($"{Level(logEntry.LogLevel)}: {logEntry.Category}[{logEntry.EventId.Name ?? logEntry.EventId.Id.ToString(CultureInfo.InvariantCulture)}] {OneLine(text)}{Why(logEntry.Exception)}");
    }

    private static string Level(LogLevel level) => level switch
    {
        LogLevel.Critical => "crit",
        LogLevel.Error => "fail",
        LogLevel.Warning => "warn",
        LogLevel.Information => "info",
        _ => "dbug",
    };

    private static string Why(Exception? e) => e is null ? "" : s_all ? $" {OneLine(e.ToString())}" : $" ({e.GetType().Name}: {OneLine(e.Message)})";

    /// <summary>Orleans' messages have stack traces in them.</summary>
    private static string OneLine(string text)
    {
        var lines = text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return string.Join(' ', s_all ? lines : lines.TakeWhile(l => !l.StartsWith("at ", StringComparison.Ordinal) && !l.StartsWith("--->", StringComparison.Ordinal)));
    }
}
