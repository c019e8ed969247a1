using System.CommandLine;
using SslOrleans.Client.CommandLine;
using SslOrleans.Learning.Data;

namespace SslOrleans.Client.Commands;

/// <summary>What the measurements beside peers have in common.</summary>
internal sealed class BenchOptions
{
    public Option<string?> Data { get; } = CommonOptions.Data();

    public Option<int> Rounds { get; } = new("--rounds") { Description = "Turns of each side.", DefaultValueFactory = _ => 5 };

    public Option<string?> Python { get; } = new("--python") { Description = "PyTorch's interpreter; the first of /usr/bin/python3 and python3 that has torch and torchvision by default.", HelpName = "path" };

    /// <summary>Measures our side once in this process: what the rounds start.</summary>
    public Option<bool> Alone { get; } = new("--alone") { Hidden = true };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { Data, Rounds, Python, Alone })
            command.Add(option);
    }

    /// <summary>The images that were named; else data/cifar10, where it is; else generated ones.</summary>
    public static string Images(Screen screen, string? named)
    {
        var cifar = Path.Combine("data", "cifar10");
        if (named is not null || Directory.Exists(cifar))
            return named ?? cifar;
        var generated = Path.Combine("data", "generated");
        if (!File.Exists(Path.Combine(generated, "classes.txt")))
        {
            screen.Note($"drawing images into {generated}");
            GeneratedImages.Write(generated, 5000, 1000, seed: 0);
        }

        return generated;
    }
}
