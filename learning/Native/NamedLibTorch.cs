using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using SslOrleans.Build;
using SslOrleans.Contracts;

namespace SslOrleans.Learning.Native;

/// <summary>
/// A libtorch that the user names. It is loaded first; TorchSharp's native library then finds it in the process by its libraries'
/// names (SONAME), whatever lies beside it.
/// </summary>
internal static partial class NamedLibTorch
{
    private const string Cuda = "libtorch_cuda.so";
    private const int LinkMap = 2; // RTLD_DI_LINKMAP
    private static readonly int PathInLinkMap = nint.Size; // struct link_map { l_addr, l_name, … }

    /// <summary>What else TorchSharp's native library may have its symbols from.</summary>
    private static readonly string[] s_system = ["libstdc++.so.6", "libgcc_s.so.1", "libm.so.6", "libc.so.6"];

    /// <param name="home">A folder with lib/libtorch_cpu.so.</param>
    /// <param name="buildFolder">Where TorchSharp's native library of this build lies.</param>
    /// <returns>Its folder and version.</returns>
    /// <exception cref="UserErrorException">It is not there, does not load or does not fit.</exception>
    public static (string Folder, Version Version) Load(string home, string buildFolder)
    {
        if (File.Exists(Path.Combine(buildFolder, Cuda)))
            throw Wrong(home, "but this build has a libtorch with CUDA of its own; unset it, or build without -p:Device=cuda");
        var folder = Path.GetFullPath(Path.Combine(home, "lib"));
        foreach (var file in LibTorch.Files)
            Check(home, folder, file);
        var handles = LibTorch.Files.Select(file => Open(home, folder, file)).ToList();
        if (File.Exists(Path.Combine(folder, Cuda)))
            handles.Add(Open(home, folder, Cuda));
        var version = CheckThatItFits(home, folder, handles);
        StandInFor(buildFolder, handles);
        return (folder, version);
    }

    private static void Check(string home, string folder, string file)
    {
        var path = Path.Combine(folder, file);
        if (!File.Exists(path))
            throw Wrong(home, $"which has no lib/{file}; name the folder of an unpacked libtorch, or the folder torch of a pip installation");
        try
        {
            var (length, whole) = LibraryHeader.Lengths(path);
            if (length < whole)
                throw Wrong(home, $"whose lib/{file} is cut off ({length} of {whole} bytes); unpack it again");
        }
        catch (InvalidDataException)
        {
            throw Wrong(home, $"whose lib/{file} is no library; unpack it again");
        }
    }

    private static nint Open(string home, string folder, string file)
    {
        try
        {
            return NativeLibrary.Load(Path.Combine(folder, file));
        }
        catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
        {
            // The loader's own line comes last.
            var why = e.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1];
            throw Wrong(home, $"whose lib/{file} does not load: {why}; install what it wants, or name another libtorch {LibTorch.WantedVersion.ToString(2)}");
        }
    }

    private static Version CheckThatItFits(string home, string folder, IReadOnlyList<nint> libtorch)
    {
        var handles = libtorch.Concat(s_system.Select(name => NativeLibrary.TryLoad(name, out var handle) ? handle : 0).Where(h => h != 0)).ToList();
        var missing = new ElfFile(File.ReadAllBytes(LibTorch.CallerPath)).Imports().Where(name => !handles.Exists(h => NativeLibrary.TryGetExport(h, name, out _))).ToList();
        var version = LibTorch.VersionOf(libtorch[1]);
        var named = $"which is libtorch {version?.ToString() ?? VersionByName(folder)}";
        var wanted = $"TorchSharp {LibTorch.TorchSharpVersion} (built for libtorch {LibTorch.WantedVersion})";
        var mend = $"name a libtorch {LibTorch.WantedVersion.ToString(2)}";
        if (missing.Count > 0)
            throw Wrong(home, $"{named} and lacks {missing.Count} symbols that {wanted} needs, the first is {missing[0]}; {mend}");

        // What C++ headers put into the caller's code is the same within a minor release only.
        if (version is null || (version.Major, version.Minor) != (LibTorch.WantedVersion.Major, LibTorch.WantedVersion.Minor))
            throw Wrong(home, $"{named} and does not fit {wanted}; {mend}");

        // The loader goes by the name that a library has in itself. The small one is tried: another libtorch beside this one would end the process.
        if (!NativeLibrary.TryLoad(LibTorch.Files[0], out var byName) || byName != libtorch[0])
            throw Wrong(home, $"whose libraries have other names in themselves than TorchSharp looks for (lib/{LibTorch.Files[0]}); name a libtorch of pytorch.org or pip");
        return version;
    }

    /// <summary>A distribution's libraries have their version in the name.</summary>
    private static string VersionByName(string folder)
    {
        var file = new FileInfo(Path.Combine(folder, LibTorch.Files[1]));
        return VersionAtTheEnd().Match(file.ResolveLinkTarget(returnFinalTarget: true)?.Name ?? "") is { Success: true } match
            ? match.Value
            : "of an unknown version";
    }

    /// <summary>
    /// TorchSharp asks for libtorch_cpu by its path in this build. The loader knows a loaded library by the path that it came from and
    /// would load the build's own beside it; two libtorch in a process end it. So the path by which the loader knows it becomes that one.
    /// </summary>
    private static void StandInFor(string buildFolder, IReadOnlyList<nint> libtorch)
    {
        foreach (var (handle, file) in libtorch.Zip(LibTorch.Files).Reverse())
        {
            var path = Path.Combine(buildFolder, file);
            if (DlInfo(handle, LinkMap, out var map) != 0)
                throw new NotSupportedException("the loader does not tell where a library came from (dlinfo).");
            Marshal.WriteIntPtr(map, PathInLinkMap, Marshal.StringToCoTaskMemUTF8(path)); // As long-lived as the library: never freed.

            // The first is a library without code of its own, so that nothing happens if another loader works otherwise.
            if (!NativeLibrary.TryLoad(path, out var found) || found != handle)
                throw new NotSupportedException($"this system's loader does not take its libtorch for {path}; {LibTorch.HomeVariable} does not work on it.");
        }
    }

    /// <summary>dlinfo(3).</summary>
    [LibraryImport("libc", EntryPoint = "dlinfo")]
    private static partial int DlInfo(nint handle, int request, out nint info);

    private static UserErrorException Wrong(string home, string what)
        => new($"{LibTorch.HomeVariable} is \"{home}\", {what}, or unset it for the libtorch of this build.");

    [GeneratedRegex(@"(?<=\.so\.)\d+(\.\d+)+$")]
    private static partial Regex VersionAtTheEnd();
}
