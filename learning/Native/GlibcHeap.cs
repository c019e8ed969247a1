using System.Runtime.InteropServices;

namespace SslOrleans.Learning.Native;

/// <summary>
/// glibc's heap, where libtorch's tensors live: in huge pages, one for all threads, and kept between steps. Otherwise a step gives its
/// memory back and faults it in again (docs/decisions/017).
/// </summary>
public static partial class GlibcHeap
{
    /// <summary>The environment variable that glibc reads when a process starts, and never again.</summary>
    public const string Variable = "GLIBC_TUNABLES";

    /// <summary>What it is set to; bytes.</summary>
    public const string Settings = "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1:glibc.malloc.mmap_threshold=1073741824:glibc.malloc.trim_threshold=34359738368";

    /// <summary>
    /// Starts this program again in this process (execve) with the settings. To be called before anything else: what the program has
    /// done so far is gone. Returns where the caller has set something himself, and where there is no glibc.
    /// </summary>
    public static unsafe void RestartWithSettings()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not null
            || Environment.GetEnvironmentVariables().Keys.Cast<string>().Any(name => name.StartsWith("MALLOC_", StringComparison.Ordinal))
            || !NativeLibrary.TryLoad("libc.so.6", out var glibc) || !NativeLibrary.TryGetExport(glibc, "gnu_get_libc_version", out _)
            || Environment.ProcessPath is not { } program)
        {
            return;
        }

        // The arguments as they came, the runtime's own included: each ends with a zero byte.
        var arguments = File.ReadAllBytes("/proc/self/cmdline");
        fixed (byte* start = arguments)
        {
            var pointers = new List<nint> { (nint)start };
            for (var at = arguments.AsSpan().IndexOf((byte)0) + 1; at > 0 && at < arguments.Length; at += arguments.AsSpan(at).IndexOf((byte)0) + 1)
                pointers.Add((nint)(start + at));
            pointers.Add(0);
            if (SetEnvironmentVariable(Variable, Settings, overwrite: 1) == 0)
            {
                fixed (nint* all = CollectionsMarshal.AsSpan(pointers))
                    _ = Execute(program, all);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironmentVariable(string name, string value, int overwrite);

    /// <summary>Returns only when it failed; the program then goes on as it is.</summary>
    [LibraryImport("libc", EntryPoint = "execv", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Execute(string path, nint* arguments);
}
