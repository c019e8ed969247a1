using System.Net;
using System.Net.Sockets;

namespace SslOrleans.Client.Chaos;

/// <summary>
/// Ports that somebody will listen on a little later, or again after a pause. They lie below those from which the system takes the
/// near end of a new connection, so that no connection is on one of them in the meantime.
/// </summary>
internal static class ChaosPorts
{
    private const int First = 20_000;
    private const int Count = 10_000;

    public static int Find()
    {
        while (true)
        {
            var port = First + Random.Shared.Next(Count);
            try
            {
                using var probe = new TcpListener(IPAddress.Loopback, port);
                probe.Start();
                return port;
            }
            catch (SocketException)
            {
                // Somebody's; the next one.
            }
        }
    }
}
