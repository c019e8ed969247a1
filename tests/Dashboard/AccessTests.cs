using System.Net;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SslOrleans.Contracts;
using SslOrleans.Silo;
using SslOrleans.Silo.Dashboard;

namespace SslOrleans.Tests.Dashboard;

public sealed class AccessTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sslo-access-").FullName;

    [Fact]
    public async Task Beyond_loopback_reading_needs_the_token_too()
    {
        var settings = SiloHost.WithPorts(new SiloSettings { Name = "first", Roles = SslOrleans.Grains.Placement.Roles.Parameters, Workers = 0, Storage = _folder, Dashboard = new(IPAddress.Any, 0) });
        using var host = SiloHost.Build(settings);
        await host.StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{settings.Dashboard!.Port}/") };

        foreach (var path in new[] { "api/state", "api/runs", "api/live", "metrics", "api/grains", "orleans/", "orleans/index.css", "orleans/DashboardCounters", "ORLEANS/Trace" })
            Assert.Equal(HttpStatusCode.Forbidden, (await http.GetAsync(path)).StatusCode);
        foreach (var path in new[] { "", "web/app.js", "health/startup", "health/live", "api/session" })
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(path)).StatusCode);
        http.DefaultRequestHeaders.Authorization = new("Bearer", DashboardKey.Find(_folder)!.Token);
        foreach (var path in new[] { "api/state", "api/runs", "metrics", "health/ready", "orleans/", "orleans/DashboardCounters" })
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(path)).StatusCode);
        await host.StopAsync();
    }

    /// <summary>docs/security.md says what each of these can do. A new version of the package that has more is read before it is served.</summary>
    [Fact]
    public void Orleans_own_dashboard_has_these_endpoints_and_only_reads()
    {
        var settings = SiloHost.WithPorts(new SiloSettings { Name = "primary", Roles = SslOrleans.Grains.Placement.Roles.Parameters, Workers = 0, Storage = _folder, Dashboard = new(IPAddress.Loopback, 0) });
        using var host = SiloHost.Build(settings);
        var endpoints = host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText!.StartsWith("/orleans", StringComparison.OrdinalIgnoreCase)).ToList();

        Assert.All(endpoints, e => Assert.Equal(["GET"], e.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods));
        Assert.Equal(
            [
                "/", "/ClusterStats", "/DashboardCounters", "/GrainState", "/GrainStats/{*grainName}", "/GrainTypes", "/HistoricalStats/{*path}", "/LifecycleStages", "/Reminders",
                "/Reminders/{page:int}", "/SiloCounters/{*address}", "/SiloMetadata/{*address}", "/SiloProperties/{*address}", "/SiloStats/{*address}", "/TopGrainMethods", "/Trace",
                "/favicon.ico", "/fonts/{**path}", "/img/{**path}", "/index.css", "/index.html", "/index.min.js", "/version",
            ],
            endpoints.Select(e => e.RoutePattern.RawText!["/orleans".Length..]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_chosen_port_is_held_until_the_pages_are_served()
    {
        var chosen = new DashboardSettings(IPAddress.Loopback, 0).WithPort(0);
        var settings = SiloHost.WithPorts(new SiloSettings { Name = "first", Roles = SslOrleans.Grains.Placement.Roles.Parameters, Workers = 0, Storage = _folder, Dashboard = chosen });
        Assert.Equal(chosen.Port, settings.Dashboard!.Port);

        Assert.NotEqual(chosen.Port, new DashboardSettings(IPAddress.Loopback, 0).WithPort(chosen.Port).Port);
        var refused = Assert.Throws<UserErrorException>(() => new DashboardSettings(IPAddress.Loopback, chosen.Port).WithPort(0));
        Assert.Contains($"Port {chosen.Port} of 127.0.0.1 is taken", refused.Message, StringComparison.Ordinal);

        using var host = SiloHost.Build(settings);
        await host.StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri(chosen.Url) };
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("health/live")).StatusCode);
        await host.StopAsync();
        Assert.Equal(chosen.Port, new DashboardSettings(IPAddress.Loopback, 0).WithPort(chosen.Port).Port);
    }

    [Fact]
    public void The_key_is_its_owners_alone_and_outlives_a_restart()
    {
        var key = DashboardKey.FindOrMake(_folder);
        key.Save(_folder, 8270);
        var again = DashboardKey.FindOrMake(_folder);

        Assert.Equal((key.Token, 8270), (again.Token, again.Port));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, DashboardKey.FileName)));
        var session = key.NewSession();
        Assert.True(again.IsSession(session));
        Assert.True(again.IsCrossSiteGuard(session, key.CrossSiteGuard(session)));
        Assert.False(again.IsCrossSiteGuard(session, key.CrossSiteGuard(key.NewSession())));
        var parts = session.Split('.', 2);
        foreach (var forged in new[] { null, "", ".", "x", $"{long.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture) + 1}.{parts[1]}", session + "x", session[..^1] })
            Assert.False(again.IsSession(forged));
        Assert.False(again.IsToken(null));
        Assert.False(again.IsToken(key.Token + "x"));
    }

    [Theory]
    [InlineData("off", null)]
    [InlineData("9000", "http://127.0.0.1:9000/")]
    [InlineData("127.0.0.1:9001", "http://127.0.0.1:9001/")]
    [InlineData("192.0.2.7:9002", "http://192.0.2.7:9002/")]
    public void Addresses_are_read(string text, string? expected) => Assert.Equal(expected, DashboardSettings.Parse(text, null)?.Url);

    [Fact]
    public void Other_texts_are_refused() => Assert.Throws<UserErrorException>(() => DashboardSettings.Parse("everywhere", null));

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
