using System.Reflection.PortableExecutable;

namespace SslOrleans.Build.Tests;

/// <summary>Which assemblies carry native code (docs/decisions/023).</summary>
public class CompiledAheadTests
{
    [Theory]
    [InlineData("ahead/Orleans.Runtime.dll")]
    [InlineData("ahead/Orleans.Serialization.dll")]
    [InlineData("ahead/Polly.Core.dll")]
    [InlineData("bin/SslOrleans.Contracts/release/SslOrleans.Contracts.dll")]
    [InlineData("bin/SslOrleans.Learning/release/SslOrleans.Learning.dll")]
    public void A_process_that_joins_finds_these_compiled(string file) => Assert.True(IsCompiled(file));

    /// <summary>Such code would not keep its arguments alive.</summary>
    [Fact]
    public void TorchSharp_is_compiled_where_it_runs() => Assert.False(IsCompiled("managed/TorchSharp.dll"));

    private static bool IsCompiled(string file)
    {
        using var assembly = new PEReader(File.OpenRead(Path.Combine(Built.Artifacts, file)));
        return assembly.PEHeaders.CorHeader!.ManagedNativeHeaderDirectory.Size > 0;
    }
}
