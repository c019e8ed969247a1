using System.CommandLine;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Reports;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo report RUN</c>: one HTML page to send to a colleague.</summary>
public static class ReportCommand
{
    public static Command Build(Screen screen)
    {
        var run = new Argument<string>("run") { Description = "Name of the run." };
        var runs = CommonOptions.Runs();
        var output = new Option<string?>("--out") { Description = "File to write; RUN.html by default.", HelpName = "file" };
        var command = new Command("report", "Writes one self-contained HTML page: curves, recipe, probes, events, hashes.") { run, runs, output };
        command.SetAction(async (parsed, cancellation) =>
        {
            var name = parsed.GetRequiredValue(run);
            var page = await RunReport.Write(RunStorage.Open(parsed.GetRequiredValue(runs)), name, cancellation);
            var path = parsed.GetValue(output) ?? $"{name}.html";
            await File.WriteAllTextAsync(path, page, cancellation);
            if (screen.Json)
                screen.JsonLine(new { run = name, file = Path.GetFullPath(path) });
            else
                screen.Line($"report: {ProjectFiles.Short(path)}");
            return ExitCodes.Well;
        });
        return command;
    }
}
