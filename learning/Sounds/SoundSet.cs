using System.Collections.Concurrent;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Data.Stores;

namespace SslOrleans.Learning.Sounds;

/// <summary>
/// Sounds of one split as spectrograms. All files are looked into once, when the set is opened: those that cannot be read are left out and counted. Where all lie in folders, the
/// first folder is the class. Thread-safe.
/// </summary>
public sealed class SoundSet : IDisposable
{
    /// <summary>Bytes of spectrograms that are kept; beyond it a sound is read and transformed again, to the same bits.</summary>
    private const long MostKept = 512L << 20;

    private readonly SampleFiles _files;
    private readonly SoundRecipe _recipe;
    private readonly MelSpectrogram _mel;
    private readonly List<(int File, int Frames)> _sounds = [];
    private readonly ConcurrentDictionary<int, float[]> _kept = new();
    private long _keptBytes;

    private SoundSet(SampleFiles files, SoundRecipe recipe, string split, int limit)
    {
        (_files, _recipe, _mel) = (files, recipe, new MelSpectrogram(recipe));
        var (chosen, named) = SampleFiles.OfSplit(files.Names, split);
        if (files.Names.Count == 0)
            throw Refused($"{files.Location} holds no sound (*.wav, *.flac, in folders or tar shards); give a folder that has some.");
        var (bad, resampled, labels) = (new List<string>(), 0, new List<string?>());
        using var fingerprint = new FingerprintBuilder("sounds");
        foreach (var file in chosen)
        {
            if (limit > 0 && _sounds.Count == limit)
                break;
            var bytes = files.Read(file);
            fingerprint.Add(files.Names[file]);
            fingerprint.Add(System.IO.Hashing.XxHash128.Hash(bytes));
            try
            {
                var sound = SoundDecoder.Decode(bytes);
                resampled += sound.Rate == recipe.Rate ? 0 : 1;
                _sounds.Add((file, Math.Max(1, _mel.Frames((int)(((long)sound.Samples.Length * recipe.Rate + sound.Rate - 1) / sound.Rate)))));
                labels.Add(SampleFiles.Folders(files.Names[file]).FirstOrDefault());
            }
            catch (UnreadableSoundException e)
            {
                bad.Add($"{files.Names[file]}: {e.Message}");
            }
        }

        if (_sounds.Count == 0)
            throw Refused($"{files.Location} has no sound in split '{split}' that can be read{(bad.Count > 0 ? $" ({bad[0]})" : "")}; add some, or name another split.");
        Fingerprint = fingerprint.Finish();
        Labels = labels.All(l => l is not null) ? [.. labels.Select(l => l!)] : null;
        Notes =
        [
            .. named ? Array.Empty<string>() : [$"no name says a split: every {SampleFiles.HeldOut}th sound is held out as the test split"],
            .. bad.Count == 0 ? Array.Empty<string>() : [$"{bad.Count} sounds cannot be read and are left out (the first: {bad[0]})"],
            .. resampled == 0 ? Array.Empty<string>() : [$"{resampled} sounds have another rate than sound.rate ({recipe.Rate}) and are resampled"],
        ];
    }

    /// <summary>Sounds.</summary>
    public int Count => _sounds.Count;

    /// <summary>Names of their classes; null where a sound lies in no folder.</summary>
    public IReadOnlyList<string>? Labels { get; }

    /// <summary>Hash of all names and bytes.</summary>
    public string Fingerprint { get; }

    /// <summary>What is odd and stops nothing.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>The normalised value of silence.</summary>
    public float Silence => _mel.Silence;

    /// <summary>Frames of a sound's spectrogram.</summary>
    public int Frames(int sound) => _sounds[sound].Frames;

    /// <summary>Name of a sound's file.</summary>
    public string Name(int sound) => _files.Names[_sounds[sound].File];

    /// <summary>Opens a split.</summary>
    /// <param name="files">Owned from now on.</param>
    /// <param name="recipe">How spectrograms are made.</param>
    /// <param name="split">train, test or val.</param>
    /// <param name="limit">First N sounds; 0: all.</param>
    /// <exception cref="UserErrorException">There is no sound.</exception>
    public static SoundSet Open(IDataFiles files, SoundRecipe recipe, string split, int limit = 0)
    {
        var members = new SampleFiles(files, SoundDecoder.IsSound);
        try
        {
            return new SoundSet(members, recipe, split, limit);
        }
        catch
        {
            members.Dispose();
            throw;
        }
    }

    /// <summary>A normalised spectrogram <c>[T, F]</c>, row-major.</summary>
    public float[] Spectrogram(int sound)
    {
        if (_kept.TryGetValue(sound, out var kept))
            return kept;
        var read = SoundDecoder.Decode(_files.Read(_sounds[sound].File));
        var found = _mel.Of(Resampling.Resample(read.Samples, read.Rate, _recipe.Rate));
        if (Interlocked.Read(ref _keptBytes) < MostKept && _kept.TryAdd(sound, found))
            Interlocked.Add(ref _keptBytes, 4L * found.Length);
        return found;
    }

    public void Dispose() => _files.Dispose();

    private static UserErrorException Refused(string why) => new(why) { Reason = RefusalReason.Data };
}
