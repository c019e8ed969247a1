using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using SslOrleans.Learning.Native;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Silo;

/// <summary>
/// What the bits of a computation depend on beside its inputs. Bits are promised among workers of one class;
/// docs/exactness.md says what is in it and why.
/// </summary>
public static class Numerics
{
    /// <summary>The class of a worker on this machine.</summary>
    public static string Class(string device, int threads)
        => string.Join("; ", $"libtorch {LibTorch.Identity}", Arithmetic.Class, Device(device), Processor(), $"{threads} thread{(threads == 1 ? "" : "s")}");

    private static string Device(string device) => device.StartsWith("cuda", StringComparison.Ordinal) ? "cuda" : "cpu";

    /// <summary>libtorch, oneDNN and MKL choose kernels by processor family and instruction set.</summary>
    private static string Processor()
    {
        var sets = Avx512F.IsSupported ? "avx512" : Avx2.IsSupported ? "avx2" : "baseline";
        return $"{RuntimeInformation.ProcessArchitecture} {sets} {Model()}";
    }

    private static string Model()
    {
        if (!File.Exists("/proc/cpuinfo"))
            return "";
        string[] wanted = ["vendor_id", "cpu family", "model"];
        var found = File.ReadLines("/proc/cpuinfo")
            .TakeWhile(l => l.Length > 0)
            .Select(l => l.Split(':', 2, StringSplitOptions.TrimEntries))
            .Where(p => p.Length == 2 && wanted.Contains(p[0]))
            .Select(p => p[1]);
        return string.Join("-", found);
    }
}
