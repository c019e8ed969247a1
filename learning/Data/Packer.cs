using SslOrleans.Contracts;
using SslOrleans.Learning.Data.Stores;
using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Data;

/// <summary>How images are packed.</summary>
public sealed record PackOptions
{
    /// <summary>Shorter side of packed images, pixels; larger ones are shrunk. 0: as they are.</summary>
    public int Size { get; init; } = 256;

    /// <summary>JPEG quality, 1 … 100, of images that have to be encoded anew; 0: PNG, without loss.</summary>
    public int Quality { get; init; } = 90;

    /// <summary>What the source was opened with: bits that 16-bit PNGs use; 0: nobody has said.</summary>
    public int Bits { get; init; }

    /// <summary>As of <see cref="SourceOptions.Channels"/>; the source was opened with the same.</summary>
    public IReadOnlyList<int>? Channels { get; init; }

    /// <summary>Bytes after which a new shard begins.</summary>
    public long ShardBytes { get; init; } = 256L << 20;
}

/// <summary>What was packed.</summary>
public sealed record PackResult(int Images, int CopiedUnchanged, int Shards, long Bytes);

/// <summary>Turns any source into packed shards, which open at once and read any image with one seek.</summary>
public static class Packer
{
    private const int Chunk = 256;

    /// <summary>
    /// Writes <c>SPLIT-NNNNNN.sslpack</c>, as <c>.part</c> until all are whole; parts of an earlier packing that was killed go. JPEGs that are small enough and stand upright are copied byte for byte.
    /// </summary>
    /// <param name="source">The images; those that do not decode are replaced as in training.</param>
    /// <param name="folder">Output folder.</param>
    /// <param name="split">Name of the split: first part of the file names.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="progress">Told the number of images done so far.</param>
    /// <param name="cancellation">Leaves no shard behind when it fires.</param>
    /// <exception cref="UserErrorException">The folder holds shards of the split already, or cannot be written.</exception>
    public static PackResult Pack(
        IImageSource source, string folder, string split = "train", PackOptions? options = null,
        IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        options ??= new PackOptions();
        SixteenBits.Check(source, options.Bits, options.Channels);
        if (options.Quality is < 0 or > 100 || options.Size < 0)
            throw new UserErrorException($"quality {options.Quality}, size {options.Size}: quality is 0 … 100 and size at least 0.");
        var parts = new List<string>();
        try
        {
            Directory.CreateDirectory(folder);
            if (Directory.EnumerateFiles(folder, $"{split}-*{PackedFormat.Extension}").Any())
                throw new UserErrorException($"'{folder}' already holds packed shards of '{split}'; choose another folder or remove them.");
            foreach (var old in Directory.EnumerateFiles(folder, $"{split}-*{PackedFormat.Extension}.part").ToList())
                File.Delete(old);
            var result = Write(source, folder, split, options, parts, progress, cancellation);

            // A reader that finds shards beside parts takes neither.
            foreach (var part in parts)
                File.Move(part, part[..^5]);
            return result;
        }
        catch (Exception failure)
        {
            foreach (var part in parts)
                File.Delete(part[..^5]);
            foreach (var part in parts)
                File.Delete(part);
            if (failure is AggregateException { InnerException: UserErrorException user })
                throw user;
            if (failure is IOException or UnauthorizedAccessException)
                throw new UserErrorException($"Cannot pack into '{folder}': {failure.Message}; free space or choose another folder.", failure);
            throw;
        }
    }

    private static PackResult Write(
        IImageSource source, string folder, string split, PackOptions options, List<string> parts,
        IProgress<int>? progress, CancellationToken cancellation)
    {
        var samples = new List<ShardSample>();
        var encoded = new (byte[] Bytes, bool Copied)[Chunk];
        var copied = 0;
        var bytes = 0L;
        FileStream? shard = null;
        try
        {
            for (var first = 0; first < source.Count; first += Chunk)
            {
                cancellation.ThrowIfCancellationRequested();
                var count = Math.Min(Chunk, source.Count - first);
                Parallel.For(0, count, i => encoded[i] = Encode(source, first + i, options));
                for (var i = 0; i < count; i++)
                {
                    shard ??= Begin(folder, split, parts);
                    var index = first + i;
                    var image = encoded[i].Bytes;
                    samples.Add(new ShardSample(
                        source.Key(index), shard.Position, image.Length, source.Label(index) ?? -1, source.Caption(index) ?? "", PackedFormat.Hash(image)));
                    shard.Write(image);
                    copied += encoded[i].Copied ? 1 : 0;
                    if (shard.Position < options.ShardBytes)
                        continue;
                    bytes += End(ref shard, samples, source.Classes);
                }

                progress?.Report(first + count);
            }

            if (shard is not null)
                bytes += End(ref shard, samples, source.Classes);
            return new PackResult(source.Count, copied, parts.Count, bytes);
        }
        finally
        {
            shard?.Dispose();
        }
    }

    private static FileStream Begin(string folder, string split, List<string> parts)
    {
        parts.Add(Path.Combine(folder, $"{split}-{parts.Count:D6}{PackedFormat.Extension}.part"));
        var shard = new FileStream(parts[^1], FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        shard.Write(PackedFormat.Magic);
        return shard;
    }

    private static long End(ref FileStream? shard, List<ShardSample> samples, IReadOnlyList<string> classes)
    {
        PackedFormat.WriteEnd(shard!, samples, classes);
        var length = shard!.Position;
        shard.Dispose();
        shard = null;
        samples.Clear();
        return length;
    }

    private static (byte[] Bytes, bool Copied) Encode(IImageSource source, int index, PackOptions options)
    {
        var image = source.Read(index);
        var original = source.ReadEncoded(source.Resolve(index));
        var small = options.Size == 0 || Math.Min(image.Width, image.Height) <= options.Size;
        var kept = ImageDecoder.IsPng(original)
            ? options.Quality == 0 && (options.Bits == 0 || original[24] != 16)
            : ImageDecoder.IsJpeg(original) && JpegMarkers.Read(original).Orientation == 1;
        if (small && kept && options.Channels is null)
            return (original, true);
        var scaled = small ? image : ImageResizer.ShorterSide(image, options.Size);
        return (options.Quality == 0 ? ImageEncoder.Png(scaled) : ImageEncoder.Jpeg(scaled, options.Quality), false);
    }
}
