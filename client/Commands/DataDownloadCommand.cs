using System.CommandLine;
using System.Globalization;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Downloads;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo data download</c>: public data sets from their official addresses.</summary>
public static class DataDownloadCommand
{
    public static Command Build(Screen screen)
    {
        var name = new Argument<string>("name") { Description = string.Join("; ", DatasetArchive.All.Select(a => $"{a.Name}: {a.Description}")) + "." };
        var to = new Option<string?>("--to") { Description = "Folder for the images; data/NAME by default.", HelpName = "folder" };
        var keep = new Option<bool>("--keep-archive") { Description = "Leaves the archive beside the folder." };
        var command = new Command("download", "Fetches a public data set from its official address, checks it and unpacks it. Called again, it goes on where it was.") { name, to, keep };
        command.SetAction(async (parsed, cancellation) =>
        {
            var archive = DatasetArchive.Find(parsed.GetRequiredValue(name));
            using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
            await Download(screen, archive, parsed.GetValue(to) ?? Path.Combine("data", archive.Name), parsed.GetValue(keep), new Downloader(http), cancellation);
            return ExitCodes.Well;
        });
        return command;
    }

    /// <summary>Fetches, checks, unpacks and says what to do next.</summary>
    public static async Task Download(Screen screen, DatasetArchive archive, string folder, bool keep, Downloader downloader, CancellationToken cancellation)
    {
        Unpacking.MustBeFree(folder);
        var file = Path.GetFullPath(folder).TrimEnd('/') + Path.GetExtension(archive.Address.AbsolutePath);
        await Progress.Run(screen, archive.Name, archive.Length, Megabytes, async progress =>
        {
            await downloader.Fetch(archive.Address, file, archive.Md5, (have, _) => progress.Report(have), cancellation);
            return true;
        });
        var length = new FileInfo(file).Length;
        await Unpacking.Unpack(file, folder, cancellation);
        if (!keep)
            File.Delete(file);
        if (screen.Json)
        {
            screen.JsonLine(new { archive.Name, path = Path.GetFullPath(folder), bytes = length, archive.Md5 });
            return;
        }

        screen.Line($"{archive.Name}: {Megabytes(length)} with the right checksum, unpacked into {folder}");
        screen.Line($"Next: sslo data inspect {folder}");
    }

    private static string Megabytes(double bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:N1} MB");
}
