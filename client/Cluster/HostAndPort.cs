using System.Net;
using System.Net.Sockets;
using SslOrleans.Contracts;

namespace SslOrleans.Client.Cluster;

/// <summary>Addresses as users write them: <c>HOST:PORT</c>, the host by name or by number.</summary>
public static class HostAndPort
{
    /// <param name="text">What was written.</param>
    /// <param name="option">Where, for the error.</param>
    /// <exception cref="UserErrorException">It is no such address, or the name leads nowhere.</exception>
    public static IPEndPoint Parse(string text, string option)
    {
        if (IPEndPoint.TryParse(text, out var endpoint) && endpoint.Port > 0)
            return endpoint;
        var colon = text.LastIndexOf(':');
        if (colon < 1 || !ushort.TryParse(text.AsSpan(colon + 1), out var port) || port == 0 || IPAddress.TryParse(text, out _))
            throw new UserErrorException($"{option} is \"{text}\"; write it as HOST:PORT, such as 10.0.0.4:11111.");
        return new IPEndPoint(Resolve(text[..colon], option), port);
    }

    /// <summary>The IPv4 address of a host.</summary>
    /// <exception cref="UserErrorException">The name leads nowhere.</exception>
    public static IPAddress Resolve(string host, string option)
    {
        if (IPAddress.TryParse(host, out var number))
            return number;
        try
        {
            return Dns.GetHostAddresses(host, AddressFamily.InterNetwork) is [var first, ..]
                ? first
                : throw new UserErrorException($"{option}: \"{host}\" has no IPv4 address; name another host or its address.");
        }
        catch (SocketException e)
        {
            throw new UserErrorException($"{option}: \"{host}\" is not known here ({e.Message}); name another host or its address.", e);
        }
    }
}
