using System.Runtime.Intrinsics.X86;

namespace SslOrleans.Client.Inspection;

/// <summary>What of this machine's processor decides how fast a step is.</summary>
public static class Processor
{
    /// <summary>What to do about a processor that <see cref="Lack"/> speaks of.</summary>
    public const string Mend = "use a processor of 2015 or later; a virtual machine must pass the host's instruction sets on";

    /// <summary>
    /// What this processor lacks; null when it lacks nothing. libtorch and oneDNN choose their kernels when they run, so a training goes
    /// on without AVX2, and gives the bits of its own numerics class.
    /// </summary>
    public static string? Lack => Avx2.IsSupported ? null : "no AVX2, without which libtorch computes several times as long";

    /// <summary>The widest instruction set that kernels exist for.</summary>
    public static string InstructionSet => Avx512F.IsSupported ? "AVX-512" : Avx2.IsSupported ? "AVX2" : Lack!;

    /// <summary>Its name.</summary>
    public static string Name
        => File.Exists("/proc/cpuinfo") && File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) is { } line
            ? line[(line.IndexOf(':') + 1)..].Trim()
            : "unknown";
}
