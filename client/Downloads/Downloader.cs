using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Polly;
using Polly.Retry;
using SslOrleans.Contracts;

namespace SslOrleans.Client.Downloads;

/// <summary>
/// Fetches one file: what has arrived stays in <c>NAME.part</c>, so that a broken or ended download goes on where it was; the file has
/// its name only when its checksum is right.
/// </summary>
public sealed class Downloader
{
    /// <summary>A server that sends nothing for so long is asked again.</summary>
    private readonly TimeSpan _silence;
    private readonly HttpClient _http;
    private readonly ResiliencePipeline _retries;

    /// <param name="http">Its own time-out should be infinite: files are long.</param>
    /// <param name="firstDelay">Pause before the second try; doubles, with jitter. Null: 1 s.</param>
    /// <param name="silence">Longest pause between two bytes. Null: 30 s.</param>
    public Downloader(HttpClient http, TimeSpan? firstDelay = null, TimeSpan? silence = null)
    {
        (_http, _silence) = (http, silence ?? TimeSpan.FromSeconds(30));
        _retries = new ResiliencePipelineBuilder().AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<HttpRequestException>(e => e.StatusCode is null or HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError)
                .Handle<HttpIOException>().Handle<TimeoutException>(),
            MaxRetryAttempts = 5,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = firstDelay ?? TimeSpan.FromSeconds(1),
        }).Build();
    }

    /// <summary>Fetches the file unless it is there already.</summary>
    /// <param name="address">Where from.</param>
    /// <param name="target">Where to.</param>
    /// <param name="md5">Checksum, lower-case hexadecimal.</param>
    /// <param name="progress">Told the bytes that are there and the bytes in all, 0 when unknown.</param>
    /// <param name="cancellation">Leaves what has arrived.</param>
    /// <exception cref="UserErrorException">It cannot be reached or written, or is not the file that the checksum is of.</exception>
    public async Task Fetch(Uri address, string target, string md5, Action<long, long> progress, CancellationToken cancellation)
    {
        if (File.Exists(target) && await Md5(target, cancellation) == md5)
            return;
        var part = target + ".part";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(target))!);
            await _retries.ExecuteAsync(async token => await Continue(address, part, progress, token), cancellation);
            var found = await Md5(part, cancellation);
            if (found != md5)
            {
                File.Delete(part);
                throw new UserErrorException($"{address} gave a file with the checksum {found}, not {md5}: it was damaged on the way or is another file; it was removed. Call again, or get it elsewhere and put it at {target}.");
            }

            File.Move(part, target, overwrite: true);
        }
        catch (HttpRequestException e) when (e.StatusCode is { } status)
        {
            throw new UserErrorException($"{address}: the server answers {(int)status} {status}; get the file elsewhere and put it at {target}, then call again.", e);
        }
        catch (Exception e) when (e is HttpRequestException or HttpIOException or TimeoutException)
        {
            throw new UserErrorException($"{address} cannot be reached ({e.GetBaseException().Message}); look to the network and call again, the download goes on where it was. Or put the file at {target}.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"Cannot write {part}: {e.Message}; free space or choose another folder with --to, then call again.", e);
        }
    }

    private async Task Continue(Uri address, string part, Action<long, long> progress, CancellationToken cancellation)
    {
        var have = File.Exists(part) ? new FileInfo(part).Length : 0;
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (have > 0)
            request.Headers.Range = new RangeHeaderValue(have, null);
        using var response = await Patiently(token => _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token), cancellation);

        // All of it was there already: the checksum decides.
        if (have > 0 && response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            return;
        response.EnsureSuccessStatusCode();

        // A server that knows no ranges, or gives another one, sends the whole file again.
        if (response.StatusCode != HttpStatusCode.PartialContent || response.Content.Headers.ContentRange?.From != have)
            have = 0;
        var total = response.Content.Headers.ContentLength is { } length ? have + length : 0;
        await using var source = await response.Content.ReadAsStreamAsync(cancellation);
        await using var file = new FileStream(part, have > 0 ? FileMode.Append : FileMode.Create, FileAccess.Write, FileShare.None);
        var buffer = new byte[1 << 17];
        while (true)
        {
            progress(have, total);
            var got = await Patiently(async token => await source.ReadAsync(buffer, token), cancellation);
            if (got == 0)
                break;
            await file.WriteAsync(buffer.AsMemory(0, got), cancellation);
            have += got;
        }

        if (total > 0 && have < total)
            throw new HttpIOException(HttpRequestError.ResponseEnded, $"the connection ended after {have} of {total} bytes");
    }

    private async Task<T> Patiently<T>(Func<CancellationToken, Task<T>> wait, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_silence);
        try
        {
            return await wait(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"nothing came for {_silence.TotalSeconds:0} s");
        }
    }

    private static async Task<string> Md5(string path, CancellationToken cancellation)
    {
        await using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(await MD5.HashDataAsync(file, cancellation));
    }
}
