using System.Net;
using System.Text;

namespace SslOrleans.Client.Tests.Cluster;

/// <summary>A cloud's instance metadata, as Azure documents it, on a loopback port.</summary>
internal sealed class MockMetadata : IDisposable
{
    private readonly HttpListener _listener;

    public MockMetadata()
    {
        (_listener, var root) = LoopbackListener.Start();
        Root = new Uri(root, "metadata");
        _ = Serve();
    }

    public Uri Root { get; }

    /// <summary>What is announced.</summary>
    public string Events { get; set; } = "";

    /// <summary>Bodies that were posted.</summary>
    public List<string> Approved { get; } = [];

    /// <summary>Answers with an error for as long as it is true.</summary>
    public bool IsBroken { get; set; }

    public static string Event(string kind, string machine) =>
        $$"""{"EventId":"id-{{kind}}","EventType":"{{kind}}","ResourceType":"VirtualMachine","Resources":["{{machine}}"],"EventStatus":"Scheduled","NotBefore":""}""";

    public void Dispose() => _listener.Close();

    private async Task Serve()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            var path = context.Request.Url!.AbsolutePath;
            if (context.Request.Headers["Metadata"] != "true" || IsBroken)
            {
                context.Response.StatusCode = 400;
            }
            else if (context.Request.HttpMethod == "POST")
            {
                using var body = new StreamReader(context.Request.InputStream);
                Approved.Add(await body.ReadToEndAsync());
            }
            else
            {
                var answer = path.EndsWith("/name", StringComparison.Ordinal) ? "vm-7" : $$"""{"DocumentIncarnation":1,"Events":[{{Events}}]}""";
                await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(answer));
            }

            context.Response.Close();
        }
    }
}
