using SslOrleans.Build;

// Program SOURCE TARGET: puts at TARGET what libLibTorchSharp.so or TorchSharp.dll of the package (SOURCE) must be on this machine.
if (args is not [var source, var target])
{
    Console.Error.WriteLine("usage: SslOrleans.Build SOURCE TARGET");
    return 2;
}

try
{
    if (Path.GetExtension(source) == ".dll")
        TorchSharpAssembly.Provide(source, target);
    else
        LibTorchSharpLibrary.Provide(source, target, OldLibstdcxx.IsHere());
    return 0;
}
catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
{
    // The form that MSBuild shows as an error of the build.
    Console.WriteLine($"{source}: error SSLO001: {e.Message}");
    return 1;
}
