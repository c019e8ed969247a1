using System.Globalization;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Grains.Records;

/// <summary>The newest checkpoint that is whole, and why newer ones were passed over.</summary>
public sealed record CheckpointSearch(CheckpointManifest? Found, IReadOnlyList<string> Skipped);

/// <summary>
/// The checkpoints of a run, <c>checkpoints/&lt;step&gt;/{params,optimizer,teacher,method}.safetensors</c> and <c>manifest.json</c>.
/// Everything read is held against the manifest's hashes first. Another folder has other files of the same kind.
/// </summary>
public sealed class CheckpointStore(IRunStorage storage, string run, string folder = CheckpointStore.Folder)
{
    private const string Folder = "checkpoints";

    /// <summary>Writes a checkpoint; it exists once the manifest does. Writing the same one again changes nothing.</summary>
    public async Task<CheckpointManifest> Write(CheckpointContent content, CancellationToken cancellation = default)
    {
        var manifest = new CheckpointManifest { Step = content.Step, WeightsHash = content.WeightsHash, RecipeHash = content.RecipeHash };
        foreach (var (part, tensors) in CheckpointParts.Of(content))
        {
            // Off the caller's scheduler: hashing and copying a large model takes a while.
            var (bytes, file) = await Task.Run(
                () =>
                {
                    var bytes = CheckpointParts.Write(part, content, tensors);
                    return (bytes, CheckpointFile.Of(bytes));
                },
                cancellation);
            await storage.Write(Path(content.Step, CheckpointParts.FileName(part)), bytes, cancellation);
            manifest.Files[CheckpointParts.FileName(part)] = file;
        }

        await storage.Write(Path(content.Step, CheckpointManifest.FileName), manifest.ToBytes(), cancellation);
        return manifest;
    }

    /// <summary>Reads a whole checkpoint.</summary>
    /// <exception cref="CheckpointException">It is not complete or damaged; names the file.</exception>
    public async Task<CheckpointContent> Read(long step, CancellationToken cancellation = default)
    {
        var manifest = await Manifest(step, cancellation);
        return new CheckpointContent(
            step,
            manifest.WeightsHash,
            await ReadPart(manifest, CheckpointParts.Parameters, cancellation),
            await ReadPart(manifest, CheckpointParts.Optimizer, cancellation),
            await ReadPart(manifest, CheckpointParts.Teacher, cancellation),
            await ReadPart(manifest, CheckpointParts.Method, cancellation))
        {
            RecipeHash = manifest.RecipeHash,
        };
    }

    /// <summary>Reads one part of a checkpoint (see <see cref="CheckpointParts"/>).</summary>
    /// <exception cref="CheckpointException">It is not complete, or this part is damaged; names the file.</exception>
    public async Task<IReadOnlyDictionary<string, CheckpointTensor>> ReadPart(long step, string part, CancellationToken cancellation = default)
        => await ReadPart(await Manifest(step, cancellation), part, cancellation);

    /// <summary>Holds every file of a checkpoint against its manifest.</summary>
    /// <exception cref="CheckpointException">It is not complete or damaged; names the file.</exception>
    public async Task<CheckpointManifest> Verify(long step, CancellationToken cancellation = default)
    {
        var manifest = await Manifest(step, cancellation);
        foreach (var part in CheckpointParts.All)
            await ReadBytes(manifest, CheckpointParts.FileName(part), cancellation);
        return manifest;
    }

    /// <summary>The newest whole checkpoint of at most <paramref name="upTo"/> commits.</summary>
    public async Task<CheckpointSearch> Newest(long upTo = long.MaxValue, CancellationToken cancellation = default)
    {
        var skipped = new List<string>();
        foreach (var step in (await Folders(cancellation)).Keys.Where(s => s <= upTo).Reverse())
        {
            try
            {
                return new CheckpointSearch(await Verify(step, cancellation), skipped);
            }
            catch (CheckpointException e)
            {
                skipped.Add(e.Message);
            }
        }

        return new CheckpointSearch(null, skipped);
    }

    /// <summary>Steps of all checkpoints that have a manifest, in order; their files are not read.</summary>
    public async Task<IReadOnlyList<long>> Steps(CancellationToken cancellation = default)
        => [.. (await Folders(cancellation)).Where(f => f.Value).Select(f => f.Key)];

    /// <summary>
    /// Keeps the first checkpoint and the last <paramref name="keep"/>; removes the others, and incomplete ones that are older
    /// than the last, the manifest before anything else.
    /// </summary>
    public async Task Prune(int keep, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(keep);
        var folders = await Folders(cancellation);
        var complete = folders.Where(f => f.Value).Select(f => f.Key).ToArray();
        if (complete.Length == 0)
            return;
        var kept = complete.TakeLast(keep).Append(complete[0]).ToHashSet();
        foreach (var step in folders.Keys.Where(s => s < complete[^1] && !kept.Contains(s)))
        {
            if (folders[step])
                await storage.Delete(Path(step, CheckpointManifest.FileName), cancellation);
            await storage.Delete(Path(step, ""), cancellation);
        }
    }

    internal async Task<CheckpointManifest> Manifest(long step, CancellationToken cancellation)
    {
        var path = Path(step, CheckpointManifest.FileName);
        var manifest = CheckpointManifest.Parse(
            await storage.Read(path, cancellation) ?? throw new CheckpointException($"Checkpoint {step} is not complete: {path} is not there."),
            path);
        return manifest.Step == step
            ? manifest
            : throw new CheckpointException($"{path} belongs to checkpoint {manifest.Step}.");
    }

    internal async Task<IReadOnlyDictionary<string, CheckpointTensor>> ReadPart(CheckpointManifest manifest, string part, CancellationToken cancellation)
    {
        var name = CheckpointParts.FileName(part);
        var bytes = await ReadBytes(manifest, name, cancellation);
        return CheckpointParts.Read(bytes, Path(manifest.Step, name));
    }

    private async Task<byte[]> ReadBytes(CheckpointManifest manifest, string name, CancellationToken cancellation)
    {
        var path = Path(manifest.Step, name);
        if (!manifest.Files.TryGetValue(name, out var file))
            throw new CheckpointException($"{Path(manifest.Step, CheckpointManifest.FileName)} does not list {name}.");
        var bytes = await storage.Read(path, cancellation) ?? throw new CheckpointException($"{path} is missing.");
        if (bytes.Length != file.Length)
            throw new CheckpointException($"{path} is damaged: it has {bytes.Length} bytes, the manifest says {file.Length}.");
        return await Task.Run(() => CheckpointFile.Of(bytes), cancellation) == file
            ? bytes
            : throw new CheckpointException($"{path} is damaged: its SHA-256 is not the manifest's.");
    }

    /// <summary>Steps that have a folder, in order, and whether the manifest is there.</summary>
    private async Task<SortedDictionary<long, bool>> Folders(CancellationToken cancellation)
    {
        var folders = new SortedDictionary<long, bool>();
        foreach (var path in await storage.List($"{run}/{folder}/", cancellation))
        {
            var parts = path[(run.Length + folder.Length + 2)..].Split('/');
            if (parts.Length == 2 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var step))
                folders[step] = folders.GetValueOrDefault(step) || parts[1] == CheckpointManifest.FileName;
        }

        return folders;
    }

    private string Path(long step, string name) => string.Create(CultureInfo.InvariantCulture, $"{run}/{folder}/{step}/{name}");
}
