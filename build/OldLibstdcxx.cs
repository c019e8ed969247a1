using System.Runtime.InteropServices;

namespace SslOrleans.Build;

/// <summary>Which libstdc++ this machine has.</summary>
public static class OldLibstdcxx
{
    /// <summary>What LibTorchSharp wants and GCC 13 brought (GLIBCXX_3.4.32): Debian 13 and Ubuntu 24.04 have it, Debian 12 and Ubuntu 22.04 do not.</summary>
    public const string MissingSymbol = "_ZSt21ios_base_library_initv";

    /// <summary>Whether this machine's libstdc++ lacks <see cref="MissingSymbol"/>.</summary>
    /// <exception cref="IOException">There is no libstdc++ at all.</exception>
    public static bool IsHere()
    {
        if (!NativeLibrary.TryLoad("libstdc++.so.6", out var library))
            throw new IOException("libstdc++.so.6 is missing, which libtorch needs; apt-get install libstdc++6");
        return !NativeLibrary.TryGetExport(library, MissingSymbol, out _);
    }
}
