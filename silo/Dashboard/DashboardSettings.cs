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

    /// <summary>
    /// Listens from the choice of a port on: a port that was only looked at may be taken before the host binds it, and even the
    /// look of another program makes that bind fail.
    /// </summary>
    internal Socket? Listener { get; private init; }

    /// <summary>The same with a port that is listened on.</summary>
    /// <exception cref="UserErrorException">A port was asked for and is taken.</exception>
    public DashboardSettings WithPort(int lastTime)
    {
        if (Listener is not null)
            return this;

        // Not one of those that the system gives to connections: after a restart the page is wanted at the same port again.
        int[] wanted = Port > 0 ? [Port] : lastTime > 0 ? [lastTime, UsualPort, FreePorts.Find(), 0] : [UsualPort, FreePorts.Find(), 0];
        var listener = wanted.Select(TryListen).FirstOrDefault(socket => socket is not null)
            ?? throw new UserErrorException(Port > 0
                ? $"Port {Port} of {Address} is taken; give --dashboard another one, or off."
                : $"No port of {Address} can be listened on; give --dashboard an address of this machine, or off.");
        return this with { Port = ((IPEndPoint)listener.LocalEndPoint!).Port, Listener = listener };
    }

    private Socket? TryListen(int port)
    {
        var socket = new Socket(Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (Address.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            socket.Bind(new IPEndPoint(Address, port));
            socket.Listen();
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }
}
