using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace SslOrleans.Silo.Dashboard.Endpoints;

/// <summary>The page and its files, out of the assembly.</summary>
internal static class PageEndpoints
{
    private const string Folder = "Dashboard/Web/";

    public static void Map(IEndpointRouteBuilder app)
    {
        foreach (var name in typeof(PageEndpoints).Assembly.GetManifestResourceNames().Where(n => n.StartsWith(Folder, StringComparison.Ordinal)))
        {
            var file = new PageFile(name);
            app.MapGet("/web/" + name[Folder.Length..], file.Answer);
            if (name != Folder + "index.html")
                continue;

            // One page: its script shows what the address names.
            foreach (var address in new[] { "/", "/runs", "/runs/{run}", "/cluster", "/grains" })
                app.MapGet(address, file.Answer);
        }

        app.MapGet("/favicon.ico", () => Results.Redirect("/web/icon.svg"));
    }

    private sealed class PageFile
    {
        private readonly byte[] _content;
        private readonly string _type;
        private readonly string _tag;

        public PageFile(string resource)
        {
            using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)!;
            _content = new byte[stream.Length];
            stream.ReadExactly(_content);
            _tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(_content))[..16]}\"";
            _type = Path.GetExtension(resource) switch
            {
                ".html" => "text/html; charset=utf-8",
                ".js" => "text/javascript; charset=utf-8",
                ".css" => "text/css; charset=utf-8",
                ".svg" => "image/svg+xml",
                _ => "text/plain; charset=utf-8",
            };
        }

        public Task Answer(HttpContext http)
        {
            // Another version of the program may answer at this address tomorrow, so the browser asks each time.
            http.Response.Headers.CacheControl = "no-cache";
            http.Response.Headers.ETag = _tag;
            if (http.Request.Headers.IfNoneMatch == _tag)
            {
                http.Response.StatusCode = StatusCodes.Status304NotModified;
                return Task.CompletedTask;
            }

            http.Response.ContentType = _type;
            http.Response.ContentLength = _content.Length;
            return http.Response.Body.WriteAsync(_content, http.RequestAborted).AsTask();
        }
    }
}
