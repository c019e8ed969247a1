using SslOrleans.Learning.Native;
using TorchSharp;

namespace SslOrleans.Learning.Tests.Native;

/// <summary>TorchSharp.dll as the build provides it is taken, and none with code that was optimised beforehand (docs/decisions/018).</summary>
public class ManagedTorchSharpTests
{
    [Fact]
    public void The_provided_one_is_taken() => BuiltLibTorch.CheckManaged(typeof(torch).Assembly);

    [Fact]
    public void One_that_is_compiled_ahead_is_refused()
    {
        var compiled = typeof(BuiltLibTorch).Assembly.Location;
        Assert.Contains("is compiled ahead of time", Assert.Throws<LibTorchException>(() => BuiltLibTorch.CheckManagedFile(compiled)).Message, StringComparison.Ordinal);
    }
}
