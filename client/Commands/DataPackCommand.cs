using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;
using SslOrleans.Grains.Data;
using SslOrleans.Learning.Data;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo data pack</c>: any source into the project's own shards.</summary>
public static class DataPackCommand
{
    public static Command Build(Screen screen)
    {
        var input = new Argument<string>("in") { Description = "A data set: a folder of images or of shards, CIFAR or IDX files, or one shard." };
        var output = new Argument<string>("out") { Description = "Folder for the packed shards; it is made when it is not there." };
        var size = new Option<int>("--size") { Description = "Shorter side of the packed images, pixels; larger images are shrunk. 0 leaves them as they are.", DefaultValueFactory = _ => 256 };
        var quality = new Option<int>("--quality") { Description = "JPEG quality, 1 to 100, of images that are encoded anew; 0 packs them without loss, as PNG.", DefaultValueFactory = _ => 90 };
        var shard = new Option<int>("--shard-size") { Description = "Megabytes after which a new shard begins.", DefaultValueFactory = _ => 256 };
        var bits = new Option<int>("--bits") { Description = "Bits that 16-bit PNGs and TIFFs use, as in data.bits of a recipe: 12 for 12-bit data.", HelpName = "8..16" };
        var channels = new Option<int[]>("--channels") { Description = "Numbers, from 0, of the three channels of TIFFs that become red, green and blue, as in data.channels of a recipe: --channels 3 2 1.", AllowMultipleArgumentsPerToken = true, HelpName = "r g b" };
        var split = new Option<string?>("--split") { Description = "Only this split: train, test or val; all that are there by default." };
        var command = new Command("pack", "Packs a data set into shards that open at once and read any image with one seek. Small upright JPEGs are copied byte for byte.") { input, output, size, quality, shard, split, bits, channels };
        command.SetAction(async (parsed, cancellation) =>
        {
            var (from, to) = (parsed.GetRequiredValue(input), parsed.GetRequiredValue(output));
            var megabytes = parsed.GetValue(shard);
            if (megabytes < 1)
                throw new UserErrorException($"--shard-size is {megabytes}; give at least 1 (megabyte).");
            var options = new PackOptions { Size = parsed.GetValue(size), Quality = parsed.GetValue(quality), ShardBytes = (long)megabytes << 20, Bits = parsed.GetValue(bits), Channels = parsed.GetValue(channels) is { Length: > 0 } chosen ? chosen : null };
            if (options.Bits is not (0 or >= 8 and <= 16))
                throw new UserErrorException($"--bits is {options.Bits}; give the bits that 16-bit images use, 8 to 16.");
            if (options.Channels is { } three && (three.Count != 3 || three.Any(c => c < 0)))
                throw new UserErrorException($"--channels is {string.Join(' ', three)}; give the numbers of three channels, counted from 0.");
            foreach (var name in parsed.GetValue(split) is { } only ? [only] : DataLocations.Splits(from))
                await Pack(screen, from, to, name, options, cancellation);
            screen.Line($"Next: sslo data inspect {to}");
            return ExitCodes.Well;
        });
        return command;
    }

    private static async Task Pack(Screen screen, string from, string to, string split, PackOptions options, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        using var source = await Task.Run(() => DataLocations.OpenSource(from, split, new SourceOptions { Bits = options.Bits, Channels = options.Channels }), cancellation);
        var packed = await Progress.Run(
            screen, $"packing {split}", source.Count, done => string.Create(CultureInfo.InvariantCulture, $"{done:N0} of {source.Count:N0}"),
            progress => Task.Run(() => Packer.Pack(source, to, split, options, new Counter(progress), cancellation), cancellation));
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        if (screen.Json)
        {
            screen.JsonLine(new { split, packed.Images, packed.CopiedUnchanged, packed.Shards, packed.Bytes, undecodable = source.Undecodable.Count, path = Path.GetFullPath(to), seconds });
            return;
        }

        screen.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"{split,-7} {packed.Images:N0} images, {packed.CopiedUnchanged:N0} of them as they were, in {packed.Shards} shard{(packed.Shards == 1 ? "" : "s")} of {packed.Bytes / 1e6:N1} MB ({seconds:F1} s)"));
        foreach (var (index, reason) in source.Undecodable.OrderBy(u => u.Key).Take(20))
            screen.Line($"        does not decode, replaced: {source.Key(index)}: {reason}");
    }

    private sealed class Counter(IProgress<double> inner) : IProgress<int>
    {
        public void Report(int value) => inner.Report(value);
    }
}
