using System.Net;
using System.Net.Sockets;
using SslOrleans.Contracts;

namespace SslOrleans.Silo.Dashboard;

/// <summary>Where the dashboard listens.</summary>
/// <param name="Address">Loopback, or an address of this machine; then reading needs the token too.</param>
/// <param name="Port">0: the port of last time, else <see cref="UsualPort"/>, else a free one.</param>
/// <param name="Recipes">Folder with the recipes that come with the project, for differences; null when there is none.</param>
public sealed record DashboardSettings(IPAddress Address, int Port, string? Recipes = null)
{
    public const int UsualPort = 8270;

    public bool IsLoopback => IPAddress.IsLoopback(Address);

    /// <summary>As people open it.</summary>
    public string Url => $"http://{(IsLoopback ? "127.0.0.1" : Address.Equals(IPAddress.Any) || Address.Equals(IPAddress.IPv6Any) ? Environment.MachineName : $"{new IPEndPoint(Address, 0)}"[..^2])}:{Port}/";

    /// <summary>Reads <c>off</c>, a port, or an address with or without one.</summary>
    /// <returns>Null for <c>off</c>.</returns>
    /// <exception cref="UserErrorException">It is none of these.</exception>
    public static DashboardSettings? Parse(string? text, string? recipes) => text switch
    {
        null or "" => new(IPAddress.Loopback, 0, recipes),
        "off" => null,
        _ when ushort.TryParse(text, out var port) => new(IPAddress.Loopback, port, recipes),
        _ when IPAddress.TryParse(text, out var address) => new(address, 0, recipes),
        _ when IPEndPoint.TryParse(text, out var both) => new(both.Address, both.Port, recipes),
        _ => throw new UserErrorException($"--dashboard is \"{text}\"; write a port (8270), an address (0.0.0.0:8270), or off."),
    };

    /// <summary>The same with a port that can be listened on.</summary>
    /// <exception cref="UserErrorException">A port was asked for and is taken.</exception>
    public DashboardSettings WithPort(int lastTime)
    {
        if (Port > 0)
            return IsFree(Port) ? this : throw new UserErrorException($"Port {Port} of {Address} is taken; give --dashboard another one, or off.");
        var usual = new[] { lastTime, UsualPort }.FirstOrDefault(p => p > 0 && IsFree(p));
        return this with { Port = usual > 0 ? usual : Free() };
    }

    private bool IsFree(int port)
    {
        try
        {
            using var probe = new TcpListener(Address, port);
            probe.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private int Free()
    {
        using var probe = new TcpListener(Address, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
