using System.Diagnostics;
using System.Runtime.InteropServices;
using SslOrleans.Contracts;
using SslOrleans.Learning.Native;
using SslOrleans.Silo;
using static TorchSharp.torch;

namespace SslOrleans.Client.Inspection;

/// <summary>How a finding is to be taken.</summary>
public enum Health
{
    /// <summary>A fact.</summary>
    Fact,

    /// <summary>It is here and works.</summary>
    Well,

    /// <summary>It works without, but something is left out or slow.</summary>
    Optional,

    /// <summary>Nothing trains before this is mended.</summary>
    Missing,
}

/// <summary>One thing that the doctor looked at.</summary>
/// <param name="Name">What.</param>
/// <param name="Value">What was found.</param>
/// <param name="Health">How it is to be taken.</param>
/// <param name="Mend">The command that mends it, or what to do; empty when nothing is to be done.</param>
public sealed record Finding(string Name, string Value, Health Health = Health.Fact, string Mend = "");

/// <summary>Looks at the machine and at what this program was built on.</summary>
public static class Doctor
{
    private const string Install = "apt-get install -y --no-install-recommends ";

    public static IEnumerable<Finding> Examine()
    {
        yield return new("version", typeof(Doctor).Assembly.GetName().Version?.ToString(3) ?? "unknown");
        yield return new(".NET", RuntimeInformation.FrameworkDescription);
        yield return new("system", $"{RuntimeInformation.OSDescription.Trim()}, {RuntimeInformation.ProcessArchitecture}");
        yield return new(
            "processor",
            $"{Processor.Name}, {Environment.ProcessorCount} cores, {Processor.InstructionSet}",
            Processor.Lack is null ? Health.Fact : Health.Optional,
            Processor.Lack is null ? "" : Processor.Mend);
        yield return new("memory", $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30):F1} GiB");
        var torch = Torch().ToList();
        foreach (var finding in torch)
            yield return finding;
        yield return Library("JPEG", "libturbojpeg.so.0", "libturbojpeg0", Health.Missing);
        yield return Library("PNG", "libspng.so.0", "libspng0", Health.Optional);
        yield return Library("FLAC", "libsndfile.so.1", "libsndfile1", Health.Optional);
        yield return Peer();
    }

    private static IEnumerable<Finding> Torch()
    {
        var (broken, hasCuda, threads) = Try();
        yield return new(LibTorch.HomeVariable, LibTorch.Home is { } home ? home : "not set: the libtorch of this build");
        if (broken is not null)
        {
            yield return broken;
            yield break;
        }

        yield return new("libtorch", $"{LibTorch.Version} from {LibTorch.RealFolder}", Health.Well);
        yield return new(
            "LibTorchSharp",
            LibTorch.CallerIsAdapted ? $"{LibTorch.TorchSharpVersion}, the copy adapted to this system's libstdc++ (docs/decisions/013)" : $"{LibTorch.TorchSharpVersion}, the package's own",
            Health.Well);
        yield return hasCuda
            ? new("device", $"cuda, {cuda.device_count()} of them, and cpu", Health.Well)
            : new("device", "cpu; this libtorch sees no CUDA device");
        yield return new("threads", $"{threads} in libtorch by default; a recipe's workers.threadsPerWorker decides in training");
        yield return new("numerics class", Numerics.Class(hasCuda ? "cuda" : "cpu", 1));
    }

    /// <summary>What is wrong with libtorch, or what it says of itself. Nothing may touch TorchSharp when it did not load.</summary>
    private static (Finding? Broken, bool HasCuda, int Threads) Try()
    {
        try
        {
            LibTorch.Load();
            return (null, cuda.is_available(), get_num_threads());
        }
        catch (Exception e)
        {
            var line = e.GetBaseException().Message.Split('\n')[0];
            var parts = e is UserErrorException or LibTorchException && line.LastIndexOf("; ", StringComparison.Ordinal) is > 0 and var at
                ? (What: line[..at], Mend: line[(at + 2)..])
                : (What: line, Mend: "build again");
            return (new("libtorch", parts.What, Health.Missing, parts.Mend), false, 0);
        }
    }

    private static Finding Library(string name, string file, string package, Health without)
    {
        if (!NativeLibrary.TryLoad(file, out var handle))
            return new(name, $"{file} is missing", without, Install + package);
        var from = From(LoadedLibraries(), file);
        NativeLibrary.Free(handle);
        return new(name, file + from, Health.Well);
    }

    private static Finding Peer()
    {
        var python = Bench.PyTorchPeer.FindPython(null);
        return python is null
            ? new("PyTorch to compare with", "none found", Health.Optional, Install + "python3-torch python3-torchvision")
            : new("PyTorch to compare with", python, Health.Well);
    }

    private static string From(IReadOnlyList<string> loaded, string part)
        => loaded.FirstOrDefault(l => Path.GetFileName(l).StartsWith(part, StringComparison.Ordinal)) is { } path ? $" from {path}" : "";

    private static List<string> LoadedLibraries()
        => File.Exists("/proc/self/maps")
            ? [.. File.ReadLines("/proc/self/maps").Select(l => l.IndexOf('/') is var i and >= 0 ? l[i..] : "").Where(l => l.Contains(".so", StringComparison.Ordinal)).Distinct()]
            : [.. Process.GetCurrentProcess().Modules.Cast<ProcessModule>().Select(m => m.FileName)];
}
