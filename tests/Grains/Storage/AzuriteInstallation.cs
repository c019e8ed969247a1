using System.Diagnostics;

namespace SslOrleans.Grains.Tests.Storage;

/// <summary>
/// Azurite, installed from npm into the build folder by the first test run. Without npm, or without a way to its packages, the tests
/// that need it fail and say so: nothing is skipped in silence.
/// </summary>
internal static class AzuriteInstallation
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(5);

    /// <summary>Path of the script that starts it.</summary>
    public static string Install()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "SslOrleans.sln")))
            root = root.Parent;
        var source = Path.Combine(root!.FullName, "tests", "Grains", "Storage", "azurite");
        var target = Directory.CreateDirectory(Path.Combine(root.FullName, ".build", "azurite")).FullName;
        var program = Path.Combine(target, "start.js");

        // Two test runs at once: the second waits for the first one's installation.
        using var alone = WaitForLock(Path.Combine(target, "lock"));
        var wanted = string.Concat(Directory.GetFiles(source, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllText));
        var stamp = Path.Combine(target, "installed");
        if (File.Exists(stamp) && File.ReadAllText(stamp) == wanted)
            return program;
        foreach (var file in Directory.GetFiles(source, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(target, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy, overwrite: true);
        }

        RunNpm(target);
        File.WriteAllText(stamp, wanted);
        return program;
    }

    private static void RunNpm(string folder)
    {
        var start = new ProcessStartInfo("npm")
        {
            ArgumentList = { "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--prefer-offline" },
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var npm = Process.Start(start)!;
            var output = npm.StandardOutput.ReadToEndAsync();
            var error = npm.StandardError.ReadToEndAsync();
            if (!npm.WaitForExit(s_timeout))
                npm.Kill(entireProcessTree: true);
            npm.WaitForExit();
            if (npm.ExitCode != 0)
                throw new InvalidOperationException($"npm could not install Azurite, which the tests of Azure Blob Storage need: {output.Result}{error.Result}");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidOperationException("npm is not installed; the tests of Azure Blob Storage need it and Node.js (leave them out with --filter Category!=Azurite).", e);
        }
    }

    private static FileStream WaitForLock(string path)
    {
        for (var waited = 0; ; waited++)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (waited < s_timeout.TotalSeconds * 10)
            {
                Thread.Sleep(100);
            }
        }
    }
}
