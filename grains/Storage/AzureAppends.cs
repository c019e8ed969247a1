using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace SslOrleans.Grains.Storage;

/// <summary>A blob as a listing shows it.</summary>
internal sealed record FoundBlob(string Name, long Length, bool IsAppend, ETag? Tag);

/// <summary>
/// Growing contents. An append blob takes 50,000 records, a long run has more steps: then <c>name.part000001</c> … follow.
/// An append blob cannot be shortened: <c>name.replacement</c>, a block blob that is there whole or not at all, counts as the
/// content until the append blobs have been made anew from it, whoever finishes that. Where <c>name</c> itself is a block blob,
/// it was written whole and nothing else counts.
/// </summary>
internal sealed partial class AzureAppends(
    BlobContainerClient container,
    AzureCalls calls,
    int recordsPerBlob,
    Func<string, ReadOnlyMemory<byte>, CancellationToken, Task<bool>> upload,
    Func<string, Memory<byte>, ETag?, CancellationToken, Task> download)
{
    /// <summary>What the service takes in one append in all its versions.</summary>
    private const int MaximumRecord = 4 << 20;

    private const string Replacement = ".replacement";
    private const int Attempts = 4;

    private readonly ConcurrentDictionary<string, Tail> _tails = new();

    /// <summary>The last of the append blobs of a content.</summary>
    /// <param name="Blob">Its name.</param>
    /// <param name="Part">0 for the first.</param>
    /// <param name="Start">Bytes in the ones before.</param>
    /// <param name="Length">Bytes in it.</param>
    /// <param name="Records">Appends that it took.</param>
    private sealed record Tail(string Blob, int Part, long Start, long Length, int Records)
    {
        public long End => Start + Length;
    }

    /// <summary>All blobs whose names begin with a prefix; none when there is no container.</summary>
    public static Task<List<FoundBlob>> Find(BlobContainerClient container, AzureCalls calls, string prefix, CancellationToken cancellation)
        => calls.Try(
            async token =>
            {
                var found = new List<FoundBlob>();
                try
                {
                    await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, prefix, token))
                        found.Add(new FoundBlob(blob.Name, blob.Properties.ContentLength ?? 0, blob.Properties.BlobType == BlobType.Append, blob.Properties.ETag));
                }
                catch (RequestFailedException e) when (e.ErrorCode == BlobErrorCode.ContainerNotFound)
                {
                }

                return found;
            },
            cancellation);

    /// <summary>The name of the content that a blob belongs to.</summary>
    public static string Whole(string blob) => Suffix().Replace(blob, "");

    /// <summary>Forgets what is known of all contents.</summary>
    public void Forget() => _tails.Clear();

    /// <summary>The content of a block blob, or of all append blobs of a name together; null when there is none.</summary>
    public async Task<byte[]?> Read(string name, CancellationToken cancellation)
    {
        var blobs = await Blobs(name, cancellation);
        if (blobs.Count == 0)
            return null;
        if (blobs[0].Name == name && !blobs[0].IsAppend)
            blobs = [blobs[0]];
        else if (blobs.Find(b => b.Name == name + Replacement) is { } replacement)
            blobs = [replacement];
        var content = new byte[blobs.Sum(b => b.Length)];
        var at = 0;
        foreach (var blob in blobs)
        {
            // An append blob may grow meanwhile; its first bytes stay.
            await download(blob.Name, content.AsMemory(at, (int)blob.Length), blob.IsAppend ? null : blob.Tag, cancellation);
            at += (int)blob.Length;
        }

        return content;
    }

    public async Task<long> Append(string name, string path, ReadOnlyMemory<byte> record, long expectedLength, CancellationToken cancellation)
    {
        if (record.Length is 0 or > MaximumRecord)
            throw new ArgumentException($"A record has 1 to {MaximumRecord} bytes, not {record.Length}.", nameof(record));
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            var tail = _tails.TryGetValue(name, out var known) ? known : await FindTail(name, cancellation);
            if (tail.End != expectedLength)
            {
                if (known is null)
                    return await Compare(name, path, record, expectedLength, cancellation);
                _tails.TryRemove(name, out _);
                continue;
            }

            try
            {
                if (tail.Records >= recordsPerBlob)
                    tail = await Begin(name, tail.Part + 1, tail.End, cancellation);
                else if (tail.Blob.Length == 0)
                    tail = await Begin(name, 0, 0, cancellation);
                _tails[name] = await AddTo(tail, record, cancellation);
                return expectedLength + record.Length;
            }
            catch (RequestFailedException e) when (e.Status is 404 or 409 or 412 && e.ErrorCode != BlobErrorCode.ContainerNotFound)
            {
                // Somebody else was here, or an earlier try arrived without its answer.
                _tails.TryRemove(name, out _);
            }
        }

        return await Compare(name, path, record, expectedLength, cancellation);
    }

    /// <summary>Makes a content anew as append blobs.</summary>
    public async Task Replace(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        await upload(name + Replacement, content, cancellation);
        await FinishReplacement(name, cancellation);
    }

    private async Task FinishReplacement(string name, CancellationToken cancellation)
    {
        _tails.TryRemove(name, out _);
        var replacement = (await Blobs(name, cancellation)).Find(b => b.Name == name + Replacement);
        var content = new byte[replacement?.Length ?? throw new RequestFailedException(404, $"The replacement of {name} is gone.")];
        await download(replacement.Name, content, replacement.Tag, cancellation);
        foreach (var blob in (await Blobs(name, cancellation)).Where(b => b.Name != name + Replacement))
            await calls.Try(t => container.GetBlobClient(blob.Name).DeleteIfExistsAsync(cancellationToken: t), cancellation);
        var tail = await Begin(name, 0, 0, cancellation);
        for (var at = 0; at < content.Length; at += MaximumRecord)
            tail = await AddTo(tail, content.AsMemory(at, Math.Min(MaximumRecord, content.Length - at)), cancellation);
        await calls.Try(t => container.GetBlobClient(name + Replacement).DeleteIfExistsAsync(cancellationToken: t), cancellation);
    }

    private async Task<Tail> Begin(string name, int part, long start, CancellationToken cancellation)
    {
        var blob = part == 0 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}.part{part:000000}");
        var options = new AppendBlobCreateOptions { Conditions = new AppendBlobRequestConditions { IfNoneMatch = ETag.All } };
        await calls.Try(t => container.GetAppendBlobClient(blob).CreateAsync(options, t), cancellation);
        return new Tail(blob, part, start, 0, 0);
    }

    private async Task<Tail> AddTo(Tail tail, ReadOnlyMemory<byte> record, CancellationToken cancellation)
    {
        var options = new AppendBlobAppendBlockOptions { Conditions = new AppendBlobRequestConditions { IfAppendPositionEqual = tail.Length } };
        var added = await calls.Try(
            t => container.GetAppendBlobClient(tail.Blob).AppendBlockAsync(new MemoryStream(record.ToArray(), writable: false), options, t),
            cancellation);
        return tail with { Length = tail.Length + record.Length, Records = added.Value.BlobCommittedBlockCount };
    }

    private async Task<Tail> FindTail(string name, CancellationToken cancellation)
    {
        var blobs = await Blobs(name, cancellation);
        if (blobs.Count > 0 && blobs[0].Name == name && !blobs[0].IsAppend)
        {
            // As when a run's folder was copied here by another program.
            await Replace(name, await Read(name, cancellation) ?? [], cancellation);
            blobs = await Blobs(name, cancellation);
        }
        else if (blobs.Exists(b => b.Name == name + Replacement))
        {
            await FinishReplacement(name, cancellation);
            blobs = await Blobs(name, cancellation);
        }

        if (blobs.Count == 0)
            return new Tail("", 0, 0, 0, 0);
        var properties = await calls.Try(t => container.GetBlobBaseClient(blobs[^1].Name).GetPropertiesAsync(cancellationToken: t), cancellation);
        var before = blobs.Take(blobs.Count - 1).Sum(b => b.Length);
        return new Tail(blobs[^1].Name, blobs.Count - 1, before, properties.Value.ContentLength, properties.Value.BlobCommittedBlockCount);
    }

    /// <summary>The content is not as long as the caller thinks: the record is at its end already, or it is a conflict.</summary>
    private async Task<long> Compare(string name, string path, ReadOnlyMemory<byte> record, long expectedLength, CancellationToken cancellation)
    {
        var content = await Read(name, cancellation) ?? [];
        return content.Length == expectedLength + record.Length && content.AsSpan((int)expectedLength).SequenceEqual(record.Span)
            ? content.Length
            : throw new StorageConflictException(
                $"{path} has {content.Length} bytes where {expectedLength} were expected, and they do not end with this record: another process writes the same run.");
    }

    /// <summary>The blobs of one content, parts in order, a replacement last.</summary>
    private async Task<List<FoundBlob>> Blobs(string name, CancellationToken cancellation)
        => [.. (await Find(container, calls, name, cancellation)).Where(b => Whole(b.Name) == name).OrderBy(b => b.Name, StringComparer.Ordinal)];

    [GeneratedRegex(@"\.(part\d{6}|replacement)$")]
    private static partial Regex Suffix();
}
