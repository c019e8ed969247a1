using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace SslOrleans.Build.Tests;

/// <summary>TorchSharp's managed library, whose methods must keep their arguments alive (docs/decisions/018).</summary>
public sealed class TorchSharpAssemblyTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sslo-build-");

    private string Target => Path.Combine(_folder.FullName, "managed", "TorchSharp.dll");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void The_copy_is_compiled_as_for_a_debugger_and_differs_in_nothing_else()
    {
        TorchSharpAssembly.Provide(Built.TorchSharp, Target);
        TorchSharpAssembly.Provide(Built.TorchSharp, Target);

        Assert.Equal([Target], Directory.GetFileSystemEntries(Path.GetDirectoryName(Target)!));
        var (before, after) = (File.ReadAllBytes(Built.TorchSharp), File.ReadAllBytes(Target));
        Assert.Equal(before.Length, after.Length);
        Assert.Equal(2, before.Zip(after).Count(b => b.First != b.Second));
        // Prolog, IgnoreSymbolStoreSequencePoints = 2, no named arguments; then also Default = 1 and DisableOptimizations = 256.
        Assert.Contains("01-00-02-00-00-00-00-00", Attributes(before));
        Assert.Contains("01-00-03-01-00-00-00-00", Attributes(after));
        Assert.Equal(Attributes(before).Length, Attributes(after).Length);
    }

    [Fact]
    public void An_adapted_copy_is_adapted_again_without_a_change()
    {
        var once = TorchSharpAssembly.Adapt(File.ReadAllBytes(Built.TorchSharp));

        Assert.Equal(once, TorchSharpAssembly.Adapt(once));
    }

    [Fact]
    public void An_assembly_that_does_not_say_how_it_is_compiled_is_refused_in_one_line()
    {
        var other = File.ReadAllBytes(Built.TorchSharp);
        var name = other.AsSpan().IndexOf("DebuggableAttribute\0"u8);
        other[name] = (byte)'X';

        var message = Assert.Throws<InvalidDataException>(() => TorchSharpAssembly.Adapt(other)).Message;

        Assert.DoesNotContain('\n', message);
        Assert.Contains("use TorchSharp 0.107.0", message);
    }

    [Fact]
    public void What_is_no_assembly_is_refused()
        => Assert.Equal("the file is no assembly; delete the package's folder and build again.", Assert.Throws<InvalidDataException>(() => TorchSharpAssembly.Adapt(new byte[4096])).Message);

    [Fact]
    public void A_missing_file_is_refused_with_the_mend()
        => Assert.Contains("delete the package's folder", Assert.Throws<InvalidDataException>(() => TorchSharpAssembly.Provide(Path.Combine(_folder.FullName, "TorchSharp.dll"), Target)).Message);

    private static string[] Attributes(byte[] assembly)
    {
        using var file = new PEReader(new MemoryStream(assembly));
        var metadata = file.GetMetadataReader();
        return [.. metadata.GetAssemblyDefinition().GetCustomAttributes().Select(a => BitConverter.ToString(metadata.GetBlobBytes(metadata.GetCustomAttribute(a).Value)))];
    }
}
