using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SslOrleans.Client.Cluster;

/// <summary>Signals to a process of this machine. One that is gone by now needs none.</summary>
internal static partial class Signals
{
    private const int SigTerm = 15;
    private const int SigCont = 18;
    private const int SigStop = 19;

    /// <summary>SIGTERM: end in order.</summary>
    public static void End(Process process) => _ = Send(process.Id, SigTerm);

    /// <summary>SIGSTOP: it hangs, its connections stay open.</summary>
    public static void Hang(Process process) => _ = Send(process.Id, SigStop);

    /// <summary>SIGCONT.</summary>
    public static void GoOn(Process process) => _ = Send(process.Id, SigCont);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Send(int pid, int signal);
}
