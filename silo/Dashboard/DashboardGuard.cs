using System.Net;
using Microsoft.AspNetCore.Http;

namespace SslOrleans.Silo.Dashboard;

/// <summary>
/// Who may do what. Every request must name a host that is this machine (against DNS rebinding). Reading is free on loopback and
/// needs the token elsewhere. Actions always need it: as a bearer token, or as a session cookie together with a header that
/// another site cannot set.
/// </summary>
internal sealed class DashboardGuard(DashboardSettings settings, DashboardKey key)
{
    public const string CrossSiteHeader = "X-Sslo-Guard";

    public const string ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public string CookieName => $"sslo-{settings.Port}";

    public async Task Check(HttpContext http, RequestDelegate next)
    {
        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = http.Request.Path.StartsWithSegments(OfficialDashboard.Path) ? OfficialDashboard.ContentSecurityPolicy : ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        if (!IsOwnHost(http.Request.Host))
        {
            await Refuse(http, StatusCodes.Status421MisdirectedRequest, $"This dashboard does not answer to the name \"{http.Request.Host}\"; open it as {settings.Url}.");
            return;
        }

        var reads = HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method);
        if (reads ? IsOpen(http.Request.Path) || settings.IsLoopback || MayRead(http) : http.Request.Path == "/api/session" ? IsSameSite(http) : MayAct(http))
            await next(http);
        else
            await Refuse(http, StatusCodes.Status403Forbidden, "This needs the dashboard's token; `sslo dashboard --token` prints it.");
    }

    /// <summary>A session or the token came along.</summary>
    public bool MayRead(HttpContext http) => HasToken(http) || Session(http) is not null;

    /// <summary>The session that came along, when it is one.</summary>
    public string? Session(HttpContext http)
        => http.Request.Cookies[CookieName] is { } session && key.IsSession(session) ? session : null;

    /// <summary>Makes a session and gives it to the browser.</summary>
    public string Open(HttpContext http)
    {
        var session = key.NewSession();
        http.Response.Cookies.Append(CookieName, session, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/", MaxAge = TimeSpan.FromDays(7) });
        return session;
    }

    public void Close(HttpContext http) => http.Response.Cookies.Delete(CookieName, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/" });

    private bool MayAct(HttpContext http)
        => HasToken(http)
            || (Session(http) is { } session && IsSameSite(http) && key.IsCrossSiteGuard(session, http.Request.Headers[CrossSiteHeader]));

    private bool HasToken(HttpContext http)
        => http.Request.Headers.Authorization.ToString() is var said && said.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && key.IsToken(said[7..].Trim());

    /// <summary>A browser says from where a request comes; a program that is none says nothing.</summary>
    private static bool IsSameSite(HttpContext http)
    {
        var origin = http.Request.Headers.Origin.ToString();
        var site = http.Request.Headers["Sec-Fetch-Site"].ToString();
        return (origin.Length == 0 || origin == $"{http.Request.Scheme}://{http.Request.Host}") && site is "" or "same-origin" or "none";
    }

    /// <summary>The page itself, its files, and whether the process lives hold nothing of a run.</summary>
    private static bool IsOpen(PathString path)
        => !path.StartsWithSegments("/api") && !path.StartsWithSegments("/metrics") && !path.StartsWithSegments(OfficialDashboard.Path) || path == "/api/session";

    private bool IsOwnHost(HostString host)
    {
        var name = host.Host.Trim('[', ']');
        if (name.Equals("localhost", StringComparison.OrdinalIgnoreCase))
            return true;

        // A name can be made to lead here; an address cannot.
        return IPAddress.TryParse(name, out var address)
            ? !settings.IsLoopback || IPAddress.IsLoopback(address)
            : !settings.IsLoopback && name.Equals(Environment.MachineName, StringComparison.OrdinalIgnoreCase);
    }

    private static Task Refuse(HttpContext http, int status, string why)
    {
        http.Response.StatusCode = status;
        return http.Response.WriteAsJsonAsync(new { error = why });
    }
}
