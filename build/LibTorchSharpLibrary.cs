using System.Security.Cryptography;

namespace SslOrleans.Build;

/// <summary>
/// TorchSharp's native library. That of TorchSharp 0.107.0 refers to one symbol that an older libstdc++ lacks, the initialiser of the
/// standard streams, and does not load there; nothing else is missing (docs/decisions/013). libtorch_cpu.so initialises the streams
/// itself, so an adapted copy calls a function that does nothing instead.
/// </summary>
public static class LibTorchSharpLibrary
{
    /// <summary>SHA-256 of the library that the adaptation was made for: TorchSharp 0.107.0, linux-x64.</summary>
    public const string KnownHash = "cf33b1b0bb6bbb9754a768fb5c5d04d9f498603be50e73f55621a0b40ee608b8";

    private const string MissingVersion = "GLIBCXX_3.4.32";

    /// <summary>std::get_terminate(): takes nothing and changes nothing.</summary>
    private const string Harmless = "_ZSt13get_terminatev";
    private const string HarmlessVersion = "GLIBCXX_3.4.20";

    /// <summary>Puts the library at <paramref name="target"/>: a link to the package's own, or an adapted copy where libstdc++ is old.</summary>
    /// <param name="source">The package's file.</param>
    /// <param name="target">Where it goes; replaced in one move, so that a running program keeps what it has loaded.</param>
    /// <param name="oldLibstdcxx">Whether libstdc++ lacks <see cref="OldLibstdcxx.MissingSymbol"/>.</param>
    /// <exception cref="InvalidDataException">An adapted copy is needed, and the file is another one than it is known for; or there is no file.</exception>
    public static void Provide(string source, string target, bool oldLibstdcxx)
    {
        var library = Package.Read(source);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(target))!);
        var made = $"{target}.{Environment.ProcessId}";
        if (oldLibstdcxx)
            File.WriteAllBytes(made, Adapt(library));
        else
            File.CreateSymbolicLink(made, Path.GetFullPath(source));
        File.Move(made, target, overwrite: true);
    }

    /// <summary>A copy that an older libstdc++ can load.</summary>
    /// <exception cref="InvalidDataException">It is another file than the adaptation is known for.</exception>
    public static byte[] Adapt(ReadOnlySpan<byte> library)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(library));
        if (hash != KnownHash)
        {
            throw new InvalidDataException(
                $"this machine's libstdc++ is older than GCC 13, and the adapted copy that it needs is known for TorchSharp 0.107.0 only (SHA-256 {hash[..12]}… is another file); use that version, or a system with GLIBCXX_3.4.32 (Debian 13, Ubuntu 24.04).");
        }

        var elf = new ElfFile(library.ToArray());
        elf.RenameUndefinedSymbol(OldLibstdcxx.MissingSymbol, Harmless);
        elf.RenameNeededVersion(MissingVersion, HarmlessVersion);
        return elf.Bytes;
    }
}
