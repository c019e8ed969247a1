using System.Globalization;
using System.Text.Json.Nodes;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Client.Bench;

/// <summary>
/// The same recipe in plain TorchSharp (bench/TorchSharpPeer): one process on all threads, or processes of one thread that exchange
/// nothing, which no data parallelism on those threads can overtake.
/// </summary>
/// <param name="program">The built program.</param>
public sealed class TorchSharpPeer(string program)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(20);

    /// <summary>The built program.</summary>
    public string Program { get; } = program;

    /// <summary>Backbones that it has.</summary>
    public static IReadOnlyList<string> Backbones { get; } = ["conv4", "resnet18", "vit-ti"];

    /// <summary>The peer, or why there is none.</summary>
    public static (TorchSharpPeer? Peer, string Why) Find()
    {
        // The build puts each project's output in a folder beside this one's.
        var program = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "SslOrleans.TorchSharpPeer", "release", "SslOrleans.TorchSharpPeer.dll"));
        return File.Exists(program) ? (new TorchSharpPeer(program), "") : (null, "its program is not beside this one (dotnet build SslOrleans.sln -c Release)");
    }

    /// <summary>Why the work cannot be divided among processes; null when it can.</summary>
    public static string? Obstacle(TrainingWork work, int processes)
        => work.Batch % (processes * work.Micro) == 0
            ? null
            : $"a batch of {work.Batch} does not divide into micro-batches of {work.Micro} for {processes} processes; give another --batch or --micro";

    /// <summary>Images per second of all processes together.</summary>
    /// <param name="work">What to train.</param>
    /// <param name="data">The images.</param>
    /// <param name="processes">Each computes its part of the effective batch and nothing else.</param>
    /// <param name="cancellation">Ends them.</param>
    /// <exception cref="InvalidOperationException">One of them failed.</exception>
    public async Task<double> Run(TrainingWork work, string data, int processes, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("sslo-peer-");
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        try
        {
            var recipe = Path.Combine(folder.FullName, "recipe.jsonc");
            await File.WriteAllTextAsync(recipe, RecipeReader.Write(OwnWork.RecipeOf(work)), cancellation);
            var threads = processes == 1 ? work.Threads : 1;
            return CommonInterval.ImagesPerSecond(await Task.WhenAll(Enumerable.Range(0, processes).Select(Start)));

            async Task<CommonInterval.Steps> Start(int rank)
            {
                int[] numbers = [threads, work.Warm, work.Steps, rank, processes];
                var (code, output, error) = await Subprocess.RunAssembly(
                    Program, [recipe, data, .. numbers.Select(n => n.ToString(CultureInfo.InvariantCulture)), folder.FullName], s_patience, end.Token);
                if (code != 0)
                {
                    // The others would wait for it.
                    await end.CancelAsync();
                    throw new InvalidOperationException($"{Path.GetFileName(Program)} ended with {code}: {error.Split('\n').FirstOrDefault(l => l.Trim().Length > 0)}");
                }

                var measured = JsonNode.Parse(output)!;
                return new(measured["images_per_step"]!.GetValue<int>(), [.. measured["clock"]!.AsArray().Select(t => t!.GetValue<double>())]);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
