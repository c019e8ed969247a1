using System.Reflection;
using System.Runtime.InteropServices;
using SslOrleans.Build;

namespace SslOrleans.Learning.Native;

/// <summary>
/// Which libtorch this process computes with: the one that its build brought, or the one that LIBTORCH_HOME names.
/// </summary>
public static class LibTorch
{
    /// <summary>The environment variable that names a libtorch: a folder with <c>lib/libtorch_cpu.so</c>.</summary>
    public const string HomeVariable = "LIBTORCH_HOME";

    /// <summary>TorchSharp's native library, the only one that calls libtorch.</summary>
    internal const string Caller = "libLibTorchSharp.so";

    /// <summary>In the order in which they need each other.</summary>
    internal static readonly string[] Files = ["libc10.so", "libtorch_cpu.so", "libtorch.so"];

    /// <summary>The version that TorchSharp's native library was built against.</summary>
    internal static readonly Version WantedVersion = new(Metadata("LibTorchVersion"));

    public static readonly string TorchSharpVersion = Metadata("TorchSharpVersion");

    private static string MainFile => Path.Combine(Folder, Files[1]);

    private static readonly string s_buildFolder = FindBuildFolder();
    private static readonly Lazy<string> s_identity = new(ReadIdentity);
    private static bool s_loaded;

    /// <summary>What <see cref="HomeVariable"/> names; null when it is not set.</summary>
    public static string? Home => Environment.GetEnvironmentVariable(HomeVariable) is { Length: > 0 } home ? home : null;

    /// <summary>The folder of the libtorch that <see cref="Load"/> chose.</summary>
    public static string Folder { get; private set; } = s_buildFolder;

    /// <summary>Where its files are: an output folder has links to them.</summary>
    public static string RealFolder
        => Path.GetDirectoryName(new FileInfo(MainFile).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? MainFile)!;

    /// <summary>Its version.</summary>
    public static Version Version { get; private set; } = WantedVersion;

    /// <summary>Version and build: computations of two builds may differ in the last bits, so both belong to a numerics class.</summary>
    public static string Identity => s_identity.Value;

    /// <summary>TorchSharp's native library of this build.</summary>
    public static string CallerPath => Path.Combine(s_buildFolder, Caller);

    /// <summary>Whether that is the copy that the build adapted to an older libstdc++ (docs/decisions/013), and not the package's own.</summary>
    public static bool CallerIsAdapted => !new ElfFile(File.ReadAllBytes(CallerPath)).Imports().Contains(OldLibstdcxx.MissingSymbol);

    /// <summary>
    /// To be called before anything touches TorchSharp. Makes sure that the build's libtorch is whole, which TorchSharp then loads; or
    /// loads the one that <see cref="HomeVariable"/> names.
    /// </summary>
    /// <exception cref="Contracts.UserErrorException">The named one is not there, does not load or does not fit.</exception>
    /// <exception cref="LibTorchException">The build's own is not whole, or does not fit this machine.</exception>
    public static void Load()
    {
        if (s_loaded)
            return;
        if (Home is { } home)
            (Folder, Version) = NamedLibTorch.Load(home, s_buildFolder);
        else
            BuiltLibTorch.Check(s_buildFolder);
        BuiltLibTorch.CheckManaged(typeof(TorchSharp.torch).Assembly);
        Quiet();
        s_loaded = true;
    }

    /// <summary>
    /// libtorch warns on standard error, over whatever is shown there, of what nobody can act on: a library that this processor does not suit, a
    /// variance of one value. Its errors stay, and where its own variable is set it is as talkative as ever. The variable itself is read by Python's torch alone.
    /// </summary>
    private static void Quiet()
    {
        const int Error = 2;
        if (Environment.GetEnvironmentVariable("TORCH_CPP_LOG_LEVEL") is { Length: > 0 })
            return;
        if (NativeLibrary.TryLoad(Path.Combine(Folder, Files[0]), out var core) && NativeLibrary.TryGetExport(core, "FLAGS_caffe2_log_level", out var level))
            Marshal.WriteInt32(level, Error);
    }

    /// <summary>The release that a loaded libtorch says it is; null for those before 2.9, which do not.</summary>
    internal static Version? VersionOf(nint libtorch)
    {
        if (!NativeLibrary.TryGetExport(libtorch, "aoti_torch_abi_version", out var function))
            return null;
        ulong number;
        unsafe
        {
            number = ((delegate* unmanaged<ulong>)function)();
        }

        return new((byte)(number >> 56), (byte)(number >> 48), (byte)(number >> 40));
    }

    private static string ReadIdentity()
    {
        var build = LibraryHeader.BuildId(MainFile);
        return $"{Version} {(build.Length > 12 ? build[..12] : $"of {LibraryHeader.Lengths(MainFile).Length} bytes")}";
    }

    /// <summary>Where the runtime finds TorchSharp's native library: the first of its folders that has it.</summary>
    private static string FindBuildFolder()
    {
        var folders = (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return Path.TrimEndingDirectorySeparator(folders.FirstOrDefault(f => File.Exists(Path.Combine(f, Caller))) ?? AppContext.BaseDirectory);
    }

    private static string Metadata(string key)
        => typeof(LibTorch).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!;
}
