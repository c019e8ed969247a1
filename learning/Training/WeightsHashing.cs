using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace SslOrleans.Learning.Training;

/// <summary>The hash of a version: XXH128 over the slices' hashes in slice order.</summary>
public static class WeightsHashing
{
    public static string Combine(IEnumerable<UInt128> slices)
    {
        var hash = new XxHash128();
        foreach (var slice in slices)
            hash.Append(MemoryMarshal.AsBytes(new ReadOnlySpan<UInt128>(in slice)));
        return hash.GetCurrentHashAsUInt128().ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
    }
}
