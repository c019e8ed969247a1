using System.Diagnostics;
using SslOrleans.Learning.Native;

namespace SslOrleans.Learning.Tests.Native;

/// <summary>What is read of a library without loading it.</summary>
public sealed class LibraryHeaderTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sslo-native-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("libc10.so")]
    [InlineData("libtorch_cpu.so")]
    [InlineData("libtorch.so")]
    public void Length_and_build_id_are_those_that_readelf_sees(string name)
    {
        var path = Path.Combine(LibTorch.RealFolder, name);
        var (length, whole) = LibraryHeader.Lengths(path);
        Assert.Equal(new FileInfo(path).Length, length);
        Assert.InRange(whole, length / 2, length);
        if (File.Exists("/usr/bin/readelf"))
            Assert.Contains($"Build ID: {LibraryHeader.BuildId(path)}\n", Readelf("-n", path));
    }

    [Fact]
    public void A_library_that_ends_within_its_last_segment_is_not_whole()
    {
        var bytes = File.ReadAllBytes(Path.Combine(LibTorch.RealFolder, "libtorch.so"));
        var path = Path.Combine(_folder.FullName, "cut.so");
        File.WriteAllBytes(path, bytes);
        var whole = LibraryHeader.Lengths(path).Whole;

        File.WriteAllBytes(path, bytes[..(int)(whole - 1)]);

        Assert.Equal((whole - 1, whole), LibraryHeader.Lengths(path));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(100)]
    public void What_ends_within_its_headers_is_no_library(int length)
    {
        var path = Path.Combine(_folder.FullName, "short.so");
        File.WriteAllBytes(path, File.ReadAllBytes(Path.Combine(LibTorch.RealFolder, "libtorch.so"))[..length]);

        Assert.Throws<InvalidDataException>(() => LibraryHeader.Lengths(path));
    }

    private static string Readelf(string what, string path)
    {
        using var process = Process.Start(new ProcessStartInfo("readelf", [what, path]) { RedirectStandardOutput = true })!;
        return process.StandardOutput.ReadToEnd();
    }
}
