using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Sounds;
using SslOrleans.Learning.Tests.Golden;

namespace SslOrleans.Learning.Tests.Sounds;

/// <summary>Files byte by byte, and filters, spectrograms and resampling as numpy has them (Golden/make_sounds.py).</summary>
public class SoundTests
{
    private sealed record File(string Name, string Bytes, int Rate, double[] Samples);

    private sealed record Spectrum(int Rate, int Window, int Hop, int Bands, double Lowest, double Highest, string Scale, double[] Samples, double[] FilterSums, double[] Values);

    private sealed record Change(int From, int To, double[] Samples, double[] Values);

    private sealed record Golden(File[] Files, Spectrum[] Spectrograms, Change[] Resampled);

    private static readonly Golden s_golden = GoldenCase.Read<Golden>("sounds.json");

    [Fact]
    public void EveryFormatGivesTheSamplesThatWereWritten()
    {
        foreach (var file in s_golden.Files)
        {
            var sound = SoundDecoder.Decode(Convert.FromBase64String(file.Bytes));
            Assert.Equal((file.Name, file.Rate, file.Samples.Length), (file.Name, sound.Rate, sound.Samples.Length));
            Close(file.Samples, sound.Samples, 1e-6, file.Name);
        }
    }

    [Fact]
    public void SpectrogramsAreThoseOfLibrosasAndTorchaudiosFormulas()
    {
        foreach (var s in s_golden.Spectrograms)
        {
            var recipe = new SoundRecipe { Rate = s.Rate, Window = s.Window, Hop = s.Hop, Bands = s.Bands, Lowest = s.Lowest, Highest = s.Highest, Scale = s.Scale == "htk" ? MelScale.Htk : MelScale.Slaney, Mean = 0, StandardDeviation = 1 };
            var points = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)s.Window);
            Close(s.FilterSums, [.. MelSpectrogram.Filters(recipe, points).Select(f => (float)f.Sum())], 1e-6, s.Scale);
            Close(s.Values, new MelSpectrogram(recipe).Of([.. s.Samples.Select(v => (float)v)]), 1e-5, s.Scale);
        }
    }

    [Fact]
    public void ResamplingIsThatOfTorchaudiosFormula()
    {
        foreach (var r in s_golden.Resampled)
            Close(r.Values, Resampling.Resample([.. r.Samples.Select(v => (float)v)], r.From, r.To), 1e-6, $"{r.From} to {r.To}");
    }

    [Fact]
    public void WhatIsNoSoundIsSaid()
    {
        var good = Convert.FromBase64String(s_golden.Files[0].Bytes);
        foreach (var (bytes, says) in new (byte[], string)[]
        {
            ([], "neither WAV nor FLAC"), ([.. "RIFF"u8, 0, 0], ""), (good[..60], "cut short"), ([.. good[..40], 0, 0, 0, 0], "no samples"), ([.. good[..20], 0xFF, 0xFF, .. good[22..]], ""),
            (Convert.FromBase64String(s_golden.Files[^1].Bytes)[..50], ""),
        })
        {
            Assert.Contains(says, Assert.Throws<UnreadableSoundException>(() => SoundDecoder.Decode(bytes)).Message, StringComparison.Ordinal);
        }
    }

    private static void Close(double[] expected, float[] actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= tolerance * Math.Max(1, Math.Abs(expected[i])), $"{what}[{i}]: {actual[i]:g9}, numpy {expected[i]:g9}");
    }
}
