using System.Net;

namespace SslOrleans.Client.Tests;

/// <summary>A started <see cref="HttpListener"/> on a loopback port of its own.</summary>
internal static class LoopbackListener
{
    // HttpListener takes no port 0, and a free port that was looked up may be another program's a moment later.
    public static (HttpListener Listener, Uri Root) Start()
    {
        while (true)
        {
            var root = new Uri($"http://127.0.0.1:{Random.Shared.Next(20_000, 30_000)}/");
            var listener = new HttpListener();
            listener.Prefixes.Add(root.AbsoluteUri);
            try
            {
                listener.Start();
                return (listener, root);
            }
            catch (HttpListenerException)
            {
                // Taken: HttpListener closes itself, another port is tried.
            }
        }
    }
}
