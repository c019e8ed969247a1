using System.ComponentModel;
using System.Runtime.InteropServices;
using SslOrleans.Contracts;

namespace SslOrleans.Client.Chaos;

/// <summary>Network namespaces by the names that <c>ip netns</c> gives them.</summary>
public static partial class NetworkSpace
{
    private const int CloneNewNet = 0x40000000; // linux/sched.h

    /// <summary>Does something on a thread in a namespace; sockets and devices that it makes are there, whoever uses them later.</summary>
    /// <exception cref="UserErrorException">There is no such namespace, or this process may not enter it.</exception>
    public static T Within<T>(string space, Func<T> action)
    {
        var done = new TaskCompletionSource<T>();
        var thread = new Thread(() =>
        {
            try
            {
                using var there = File.OpenHandle($"/run/netns/{space}");
                if (Setns((int)there.DangerousGetHandle(), CloneNewNet) < 0)
                    throw new UserErrorException($"--hosts: the network namespace {space} cannot be entered: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}.");
                done.SetResult(action());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        thread.Start();
        thread.Join();
        return done.Task.GetAwaiter().GetResult();
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int Setns(int file, int kind);
}
