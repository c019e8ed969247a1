using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
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
        yield return new("processor", $"{Processor()}, {Environment.ProcessorCount} cores, {InstructionSet()}");
        yield return new("memory", $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30):F1} GiB");
        var torch = Torch().ToList();
        foreach (var finding in torch)
            yield return finding;
        yield return Library("JPEG", "libturbojpeg.so.0", "libturbojpeg0", Health.Missing);
        yield return Library("PNG", "libspng.so.0", "libspng0", Health.Optional);
        yield return Peer();
    }

    private static IEnumerable<Finding> Torch()
    {
        string version;
        bool hasCuda;
        int threads;
        var mend = "";
        try
        {
            (version, hasCuda, threads) = (__version__, cuda.is_available(), get_num_threads());
            // A product makes libtorch load its BLAS, so that the list of loaded files below is whole.
            using var scope = TorchSharp.torch.NewDisposeScope();
            ones(8, 8).mm(ones(8, 8));
        }
        catch (Exception e)
        {
            (version, hasCuda, threads) = (e.GetBaseException().Message.Split('\n')[0], false, 0);
            mend = "./sslo doctor builds again; or set LIBTORCH_HOME to a libtorch";
        }

        if (mend.Length > 0)
        {
            yield return new("libtorch", version, Health.Missing, mend);
            yield break;
        }

        var loaded = LoadedLibraries();
        yield return new("libtorch", $"{version}{From(loaded, "libtorch_cpu")}", Health.Well);
        var home = Environment.GetEnvironmentVariable("LIBTORCH_HOME");
        yield return new("LIBTORCH_HOME", string.IsNullOrEmpty(home) ? "not set: the system's libtorch" : home);
        yield return Blas(loaded);
        yield return hasCuda
            ? new("device", $"cuda, {cuda.device_count()} of them, and cpu", Health.Well)
            : new("device", "cpu; this libtorch sees no CUDA device", Health.Fact, "");
        yield return new("threads", $"{threads} in libtorch by default; a recipe's workers.threadsPerWorker decides in training");
        yield return new("numerics class", Numerics.Class(hasCuda ? "cuda" : "cpu", 1));
    }

    private static Finding Blas(IReadOnlyList<string> loaded)
    {
        var fast = loaded.FirstOrDefault(l => l.Contains("openblas", StringComparison.Ordinal) || l.Contains("libmkl", StringComparison.Ordinal));
        if (fast is not null)
            return new("BLAS", fast, Health.Well);
        var reference = loaded.FirstOrDefault(l => Path.GetFileName(l).StartsWith("libblas.so", StringComparison.Ordinal));
        return reference is null
            ? new("BLAS", "inside libtorch")
            : new("BLAS", $"{reference}, the reference BLAS: matrix products are many times slower", Health.Optional, Install + "libopenblas0-pthread");
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

    private static string Processor()
        => File.Exists("/proc/cpuinfo") && File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) is { } line
            ? line[(line.IndexOf(':') + 1)..].Trim()
            : "unknown";

    private static string InstructionSet() => Avx512F.IsSupported ? "AVX-512" : Avx2.IsSupported ? "AVX2" : "no AVX2";
}
