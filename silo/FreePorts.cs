using System.Net;
using System.Net.Sockets;
using SslOrleans.Contracts;

namespace SslOrleans.Silo;

/// <summary>
/// Ports of this machine that somebody will listen on a little later. They lie below those from which Linux takes the near end of a
/// new connection, so that no connection is on one of them in the meantime, and each process begins at others.
/// </summary>
public static class FreePorts
{
    private const int First = 20_000;
    private const int Count = 12_000;
    private const int PerProcess = 16;
    private static int s_given;

    /// <summary>Another port at each call, on which nobody listens.</summary>
    /// <exception cref="UserErrorException">All are taken.</exception>
    public static int Find()
    {
        for (var tried = 0; tried < Count; tried++)
        {
            var port = First + (int)(((long)Environment.ProcessId * PerProcess + Interlocked.Increment(ref s_given)) % Count);
            if (Refusal(IPAddress.Any, port) is null)
                return port;
        }
        throw new UserErrorException($"all ports from {First} to {First + Count - 1} are in use; name free ones with --port and --gateway.");
    }

    /// <summary>Orleans shares a port that is in use with whoever has it, and both then get half of the connections.</summary>
    /// <exception cref="UserErrorException">Somebody listens there.</exception>
    internal static void Demand(IPAddress address, int port, string option)
    {
        if (Refusal(address, port) is { } e)
            throw new UserErrorException($"{option} {port} cannot be used on {address}: {e.Message}; choose another, or leave it out for a free one.", e);
    }

    private static SocketException? Refusal(IPAddress address, int port)
    {
        try
        {
            using var probe = new TcpListener(address, port);
            probe.Start();
            return null;
        }
        catch (SocketException e)
        {
            return e;
        }
    }
}
