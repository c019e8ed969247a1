using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace SslOrleans.Build.Tests;

/// <summary>TorchSharp's native library on systems with an older libstdc++ and on others (docs/decisions/013).</summary>
public sealed class LibTorchSharpLibraryTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sslo-build-");

    private string Target => Path.Combine(_folder.FullName, "native", "libLibTorchSharp.so");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Where_libstdcxx_is_old_the_adapted_copy_loads_on_this_system()
    {
        LibTorchSharpLibrary.Provide(Built.LibTorchSharp, Target, oldLibstdcxx: true);

        Assert.Null(File.ResolveLinkTarget(Target, returnFinalTarget: false));
        foreach (var file in Directory.GetFiles(Built.LibTorchFolder))
            File.CreateSymbolicLink(Path.Combine(Path.GetDirectoryName(Target)!, Path.GetFileName(file)), file);
        var library = NativeLibrary.Load(Target);
        Assert.True(NativeLibrary.TryGetExport(library, "THSTensor_ones", out _));
    }

    [Fact]
    public void Nothing_in_the_adapted_copy_speaks_of_what_an_old_libstdcxx_lacks()
    {
        LibTorchSharpLibrary.Provide(Built.LibTorchSharp, Target, oldLibstdcxx: true);

        Assert.Contains("GLIBCXX_3.4.32", Strings(Built.LibTorchSharp));
        Assert.Contains("_ZSt21ios_base_library_initv", Strings(Built.LibTorchSharp));
        Assert.DoesNotContain("GLIBCXX_3.4.32", Strings(Target));
        Assert.DoesNotContain("_ZSt21ios_base_library_initv", Strings(Target));
        Assert.Equal(new FileInfo(Built.LibTorchSharp).Length, new FileInfo(Target).Length);
    }

    [Fact]
    public void Readelf_sees_the_harmless_function_with_its_version_in_the_place_of_the_missing_one()
    {
        if (!File.Exists("/usr/bin/readelf"))
            return; // The test above looks at the bytes.
        LibTorchSharpLibrary.Provide(Built.LibTorchSharp, Target, oldLibstdcxx: true);

        Assert.Contains("_ZSt21ios_base_library_initv@GLIBCXX_3.4.32", Readelf(Built.LibTorchSharp));
        var seen = Readelf(Target);
        Assert.Contains("_ZSt13get_terminatev@GLIBCXX_3.4.20", seen);
        Assert.DoesNotContain("GLIBCXX_3.4.32", seen);
    }

    [Fact]
    public void Where_libstdcxx_is_new_the_packages_own_file_is_linked()
    {
        LibTorchSharpLibrary.Provide(Built.LibTorchSharp, Target, oldLibstdcxx: false);

        Assert.Equal(Built.LibTorchSharp, File.ResolveLinkTarget(Target, returnFinalTarget: true)!.FullName);
    }

    [Fact]
    public void What_was_provided_before_is_replaced_and_nothing_else_is_left()
    {
        foreach (var old in new[] { true, false, true })
        {
            LibTorchSharpLibrary.Provide(Built.LibTorchSharp, Target, old);
            Assert.Equal(!old, File.ResolveLinkTarget(Target, returnFinalTarget: false) is not null);
        }

        Assert.Equal([Target], Directory.GetFileSystemEntries(Path.GetDirectoryName(Target)!));
    }

    [Fact]
    public void Another_library_is_refused_in_one_line_that_names_the_mend()
    {
        var other = File.ReadAllBytes(Built.LibTorchSharp);
        other[^1] ^= 1;

        var message = Assert.Throws<InvalidDataException>(() => LibTorchSharpLibrary.Adapt(other)).Message;

        Assert.DoesNotContain('\n', message);
        Assert.Contains("known for TorchSharp 0.107.0 only", message);
        Assert.Contains("use that version, or a system with GLIBCXX_3.4.32 (Debian 13, Ubuntu 24.04)", message);
    }

    [Fact]
    public void The_step_of_the_build_says_what_is_wrong_as_an_error_of_the_build()
    {
        var (code, output) = Run("dotnet", "exec", typeof(LibTorchSharpLibrary).Assembly.Location, Path.Combine(_folder.FullName, "nothing.so"), Target);

        Assert.Equal(1, code);
        Assert.Matches(@"^\S+/nothing\.so: error SSLO001: the file is missing, [^\n]+; delete the package's folder and build again\.\n$", output);
        Assert.Empty(_folder.GetFileSystemInfos());
    }

    [Fact]
    public void Which_libstdcxx_is_here_agrees_with_the_versions_in_its_file()
    {
        NativeLibrary.Load("libstdc++.so.6");
        var file = File.ReadLines("/proc/self/maps").First(l => l.Contains("/libstdc++.so.6", StringComparison.Ordinal)) is var line ? line[line.IndexOf('/')..] : "";

        Assert.Equal(!Strings(file).Contains("GLIBCXX_3.4.32"), OldLibstdcxx.IsHere());
    }

    private static HashSet<string> Strings(string file)
        => [.. Encoding.Latin1.GetString(File.ReadAllBytes(file)).Split('\0')];

    private static string Readelf(string file) => Run("readelf", "--wide", "--dyn-syms", file).Output;

    private static (int Code, string Output) Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
