using System.Net;
using System.Net.Sockets;
using SslOrleans.Contracts;

namespace SslOrleans.Silo;

/// <summary>Ports of this machine.</summary>
internal static class FreePorts
{
    public static int Find()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>Orleans shares a port that is in use with whoever has it, and both then get half of the connections.</summary>
    /// <exception cref="UserErrorException">Somebody listens there.</exception>
    public static void Demand(IPAddress address, int port, string option)
    {
        try
        {
            using var probe = new TcpListener(address, port);
            probe.Start();
        }
        catch (SocketException e)
        {
            throw new UserErrorException($"{option} {port} cannot be used on {address}: {e.Message}; choose another, or leave it out for a free one.", e);
        }
    }
}
