using System.Reflection;

namespace SslOrleans.Build.Tests;

/// <summary>Where this test's own build found things.</summary>
internal static class Built
{
    /// <summary>The package's libLibTorchSharp.so.</summary>
    public static string LibTorchSharp { get; } = Metadata("LibTorchSharp");

    /// <summary>The package's TorchSharp.dll.</summary>
    public static string TorchSharp { get; } = Metadata("TorchSharp");

    /// <summary>The package's libtorch.</summary>
    public static string LibTorchFolder { get; } = Metadata("LibTorchFolder");

    /// <summary>Folder of everything that a build makes.</summary>
    public static string Artifacts { get; } = Metadata("Artifacts");

    public static string RepositoryRoot { get; } = Metadata("RepositoryRoot");

    private static string Metadata(string key)
        => typeof(Built).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!;
}
