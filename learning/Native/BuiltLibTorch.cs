using System.Diagnostics;
using System.Reflection;
using System.Reflection.PortableExecutable;
using SslOrleans.Build;

namespace SslOrleans.Learning.Native;

/// <summary>The libtorch that the build brought. TorchSharp loads it; what would end in its trace of 20 lines or in a signal is found here first.</summary>
internal static class BuiltLibTorch
{
    /// <param name="folder">Where the runtime finds it.</param>
    /// <exception cref="LibTorchException">It is not whole, or was built for a newer libstdc++.</exception>
    public static void Check(string folder)
    {
        foreach (var name in LibTorch.Files.Append(LibTorch.Caller))
        {
            var path = Path.Combine(folder, name);
            try
            {
                var (length, whole) = LibraryHeader.Lengths(path);
                if (length < whole)
                    throw NotWhole(path, $"cut off ({length} of {whole} bytes)");
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                throw NotWhole(path, "missing");
            }
            catch (InvalidDataException)
            {
                throw NotWhole(path, "no library");
            }
        }

        if (!LibTorch.CallerIsAdapted && OldLibstdcxx.IsHere())
            throw new LibTorchException($"{Path.Combine(folder, LibTorch.Caller)} was built where libstdc++ has GLIBCXX_3.4.32, which this system's lacks; build on a system like this one, or run on Debian 13 or Ubuntu 24.04.");
    }

    /// <exception cref="LibTorchException">It is the package's own TorchSharp.dll, not the copy of docs/decisions/018, or compiled ahead of time.</exception>
    public static void CheckManaged(Assembly torchSharp)
    {
        CheckManagedFile(torchSharp.Location);
        if (torchSharp.GetCustomAttribute<DebuggableAttribute>() is not { IsJITOptimizerDisabled: true })
            throw new LibTorchException($"{torchSharp.Location} is the package's own, whose native calls may read freed memory (docs/decisions/018); build again, and take TorchSharp.dll from this project's output.");
    }

    /// <exception cref="LibTorchException">It carries optimised native code, whatever its attributes say.</exception>
    internal static void CheckManagedFile(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        if (file.PEHeaders.CorHeader is { ManagedNativeHeaderDirectory.Size: > 0 })
            throw new LibTorchException($"{path} is compiled ahead of time, and its native calls may then read freed memory (docs/decisions/018); publish without -p:PublishReadyToRun, this project's assemblies are ready to run as they are.");
    }

    private static LibTorchException NotWhole(string path, string what)
    {
        // A link into the package folder, or a copy in a publication.
        var file = new FileInfo(path);
        if (file.LinkTarget is null || file.ResolveLinkTarget(returnFinalTarget: true)?.FullName is not { } target)
            return new($"{path} is {what}; publish again.");
        var package = target.Split("/runtimes/")[0];
        var output = Path.GetDirectoryName(path)!.Split("/.build/") is [var root, _] ? $" {root}/.build" : "";
        return new($"{target} is {what}, the package was not restored whole; rm -rf {package}{output}, then build again.");
    }
}
