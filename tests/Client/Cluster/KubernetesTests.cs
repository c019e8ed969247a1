using System.Net;
using System.Text;
using k8s;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting.Kubernetes;
using SslOrleans.Contracts;
using SslOrleans.Silo;

namespace SslOrleans.Client.Tests.Cluster;

/// <summary><c>--kubernetes</c>: what a silo asks of Kubernetes, which a listener of this process plays; and what it demands of its pod.</summary>
public sealed class KubernetesTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public void A_pod_that_does_not_say_who_it_is_is_refused()
    {
        var settings = Settings("some-other-name");
        Assert.Contains("POD_NAMESPACE and POD_NAME", Assert.Throws<UserErrorException>(() => SiloHost.Build(settings)).Message, StringComparison.Ordinal);
        var folder = settings with { Cluster = settings.Cluster with { Membership = MembershipKind.Folder } };
        Assert.Contains("add --membership azure", Assert.Throws<UserErrorException>(() => SiloHost.Build(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silo_marks_its_pod_and_asks_which_others_there_are()
    {
        using var api = new HttpListener();
        var address = $"http://127.0.0.1:{FreePorts.Find()}/";
        api.Prefixes.Add(address);
        api.Start();
        var asked = new List<string>();
        var serving = Serve(api, asked);
        using var variables = new Variables(("POD_NAME", "worker-7"), ("POD_NAMESPACE", "training"), ("POD_IP", "127.0.0.1"));
        using var host = SiloHost.Build(
            Settings("worker-7"), s => s.Configure<KubernetesHostingOptions>(o => o.GetClientConfiguration = () => new KubernetesClientConfiguration { Host = address, SkipTlsVerify = true }));
        await host.StartAsync();
        for (var tries = 0; tries < 100 && !Asked("GET /api/v1/namespaces/training/pods?"); tries++)
            await Task.Delay(50);
        await host.StopAsync();
        api.Stop();
        await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        Assert.Contains(asked, a => a.StartsWith("PATCH /api/v1/namespaces/training/pods/worker-7", StringComparison.Ordinal) && a.Contains("\"orleans/serviceId\": \"sslorleans\"", StringComparison.Ordinal));
        Assert.True(Asked("GET /api/v1/namespaces/training/pods?labelSelector=orleans%2FserviceId%3Dsslorleans"), string.Join('\n', asked));

        bool Asked(string what)
        {
            lock (asked)
                return asked.Any(a => a.StartsWith(what, StringComparison.Ordinal));
        }
    }

    public void Dispose() => _folder.Dispose();

    private SiloSettings Settings(string name) => SiloHost.WithPorts(new SiloSettings
    {
        Name = name,
        Workers = 0,
        Roles = SslOrleans.Grains.Placement.Roles.Parameters,
        Storage = _folder.In("runs"),
        Cluster = new ClusterSettings { Membership = MembershipKind.Primary, Kubernetes = true },
    });

    private static async Task Serve(HttpListener api, List<string> asked)
    {
        while (true)
        {
            var context = await api.GetContextAsync();
            var body = await new StreamReader(context.Request.InputStream, Encoding.UTF8).ReadToEndAsync();
            lock (asked)
                asked.Add($"{context.Request.HttpMethod} {context.Request.RawUrl} {body}");
            const string Pod = """{ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "worker-7", "namespace": "training", "labels": {} } }""";
            context.Response.ContentType = "application/json";
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(
                context.Request.Url!.AbsolutePath.EndsWith("/pods", StringComparison.Ordinal) ? $$"""{ "apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": [ {{Pod}} ] }""" : Pod));
            context.Response.Close();
        }
    }

    /// <summary>Environment of this process for the time of a test.</summary>
    private sealed class Variables : IDisposable
    {
        private readonly (string Name, string? Before)[] _before;

        public Variables(params (string Name, string Value)[] values)
        {
            _before = [.. values.Select(v => (v.Name, Environment.GetEnvironmentVariable(v.Name)))];
            foreach (var (name, value) in values)
                Environment.SetEnvironmentVariable(name, value);
        }

        public void Dispose()
        {
            foreach (var (name, before) in _before)
                Environment.SetEnvironmentVariable(name, before);
        }
    }
}
