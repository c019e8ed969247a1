using System.Globalization;
using NAudio.Wave;
using SslOrleans.Contracts;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Sounds;

/// <summary>
/// Sounds for machines without any: a second and a half of notes at 8 kHz, one class for each of four instruments (overtones and the way a note dies away) with major or minor
/// chords; keys, tempo, loudness, place in time and noise are drawn independently of the class. Label of sound i is class i mod 8. A pure function of the seed.
/// </summary>
public static class GeneratedSounds
{
    /// <summary>Samples a second.</summary>
    public const int Rate = 8000;

    private const int Samples = 12_000;

    private static readonly (string Name, double[] Overtones, double Decay)[] s_instruments =
    [
        ("flute", [1, 0.12, 0.04], 0.3), ("reed", [1, 0, 0.7, 0, 0.5, 0, 0.3], 0.5), ("string", [1, 0.7, 0.5, 0.4, 0.3, 0.2], 2.5), ("bell", [0.5, 0, 0, 1, 0, 0, 0, 0.6], 6),
    ];

    /// <summary>Names of the classes, in label order.</summary>
    public static IReadOnlyList<string> Classes { get; } = [.. Enumerable.Range(0, 8).Select(c => $"{s_instruments[c % 4].Name}-{(c < 4 ? "major" : "minor")}")];

    /// <summary>Writes <c>train/CLASS/NNNNN.wav</c> and <c>test/CLASS/NNNNN.wav</c>, 16 bits.</summary>
    /// <exception cref="UserErrorException">The folder holds sounds, or cannot be written.</exception>
    public static void Write(string folder, int train, int test, ulong seed)
    {
        try
        {
            Directory.CreateDirectory(folder);
            if (Directory.EnumerateFileSystemEntries(folder).FirstOrDefault() is { } there)
                throw new UserErrorException($"'{folder}' already holds '{Path.GetFileName(there)}'; choose an empty folder or remove the sounds.");
            foreach (var (name, split, count) in new[] { ("train", 0, train), ("test", 1, test) })
            {
                foreach (var label in Classes)
                    Directory.CreateDirectory(Path.Combine(folder, name, label));
                Parallel.For(0, count, i =>
                {
                    using var file = new WaveFileWriter(Path.Combine(folder, name, Classes[i % Classes.Count], string.Create(CultureInfo.InvariantCulture, $"{i:D5}.wav")), new WaveFormat(Rate, 16, 1));
                    var samples = Draw(seed, split, i);
                    file.WriteSamples(samples, 0, samples.Length);
                });
            }
        }
        catch (AggregateException several) when (several.InnerException is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(folder, several.InnerException);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(folder, failure);
        }
    }

    /// <summary>One sound, −1 … 1.</summary>
    /// <param name="seed">Seed of the data set.</param>
    /// <param name="split">0 training, 1 test.</param>
    /// <param name="index">Index in the split.</param>
    public static float[] Draw(ulong seed, int split, int index)
    {
        var random = new RandomStream(seed, Purpose.GeneratedData, split, index, 4);
        var (instrument, minor) = (s_instruments[index % 4], index % 8 >= 4);
        var sound = new double[Samples];
        var key = (int)random.NextUInt32(12);
        var beat = (int)random.NextUInt32(1500) + 2500;
        for (var at = (int)random.NextUInt32((uint)beat / 2); at < Samples; at += beat)
        {
            // Root, third and fifth; the octave of each is drawn.
            foreach (var step in new[] { 0, minor ? 3 : 4, 7 })
                Play(sound, at, 36 + key + step + (12 * (int)random.NextUInt32(2)), random.NextSingle(0.6f, 1), instrument.Overtones, instrument.Decay);
        }

        var loudness = random.NextSingle(0.3f, 1) / Math.Max(1e-9, sound.Max(Math.Abs));
        var noise = random.NextSingle(0.002f, 0.02f);
        return Array.ConvertAll(sound, s => (float)Math.Clamp((loudness * s) + (noise * random.NextNormal()), -1, 1));
    }

    /// <summary>A note of a keyboard, 33 is the A of 110 Hz here, which dies away by e^(−decay·t).</summary>
    private static void Play(double[] sound, int start, int note, double loudness, double[] overtones, double decay)
    {
        var turn = 2 * Math.PI * 110 * PortableMath.Exp((note - 33) * PortableMath.Log(2) / 12) / Rate;
        var fade = PortableMath.Exp(-decay / Rate);
        for (var overtone = 1; overtone <= overtones.Length; overtone++)
        {
            if (overtones[overtone - 1] == 0 || turn * overtone >= Math.PI)
                continue;

            // A turning pointer: multiplied by the same number for every sample.
            var (sin, cos) = PortableMath.SinCos(turn * overtone);
            var (re, im, level) = (1.0, 0.0, loudness * overtones[overtone - 1]);
            for (var i = start; i < sound.Length; i++)
            {
                sound[i] += level * im * Math.Min(1, (i - start) / 80.0);
                (re, im, level) = ((re * cos) - (im * sin), (re * sin) + (im * cos), level * fade);
            }
        }
    }

    private static UserErrorException Unwritable(string folder, Exception failure) => new($"Cannot write the sounds into '{folder}': {failure.Message}; free space or choose another folder.", failure);
}
