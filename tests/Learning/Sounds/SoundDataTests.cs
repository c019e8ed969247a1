using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Sounds;
using SslOrleans.Learning.Training;
using SslOrleans.Learning.Tests.Data;
using NAudio.Wave;
using static SslOrleans.Learning.Tests.LossAlone;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests.Sounds;

/// <summary>Sounds of a folder as training data, and what is said of odd ones.</summary>
public sealed class SoundDataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void ClassesAreFoldersAndWhatCannotBeReadIsCountedAndLeftOut()
    {
        Write("train/a/1.wav", 16_000, 2000);
        Write("train/a/2.wav", 8_000, 1000);
        Write("train/b/3.wav", 16_000, 90);
        Write("train/b/4.wav", 16_000, 0);
        System.IO.File.WriteAllText(_folder.File("train/b/5.wav"), "RIFF....not a sound");
        Write("test/b/6.wav", 16_000, 2000);
        using var data = (SoundTrainingData)TrainingData.Open(SmallRun.Recipe("cola"), QuickRecipes.Access(_folder.Path));

        Assert.Equal(3, data.Samples);
        Assert.Equal(["a", "b"], data.Classes);
        Assert.Equal([0, 0, 1], data.Evaluation(test: false)!.Labels!);
        Assert.Equal([1], data.Evaluation(test: true)!.Labels!);
        Assert.Contains(data.Notes, n => n.StartsWith("2 sounds cannot be read and are left out (the first: train/b/4.wav: it has no samples)", StringComparison.Ordinal));
        Assert.Contains("1 sounds have another rate than sound.rate (16000) and are resampled", data.Notes);
        Assert.Contains(data.Notes, n => n.StartsWith("1 of 3 sounds have fewer than views.*.spectrogram.frames (8)", StringComparison.Ordinal));
        var views = data.Render(0, 3);
        Assert.Equal([1, 8, 8], views.Views[0].Shape);
        Assert.Equal(views.Views[1].Values, data.Render(0, 3).Views[1].Values);
        Assert.NotEqual(views.Views[0].Values, views.Views[1].Values);
    }

    [Fact]
    public void NoSoundIsOneLine()
        => Assert.Contains("holds no sound (*.wav, *.flac", Assert.Throws<UserErrorException>(() => TrainingData.Open(SmallRun.Recipe("cola"), QuickRecipes.Access(_folder.Path))).Message, StringComparison.Ordinal);

    [Fact]
    public void AStretchIsLouderAndItsMasksAreTheMean()
    {
        var sound = new SoundRecipe { Bands = 4, StandardDeviation = 2 };
        var spectrogram = Enumerable.Range(1, 40).Select(i => (float)i).ToArray();
        var view = new float[4 * 6];
        SpectrogramViews.Draw(spectrogram, sound, new SpectrogramViewRecipe { Frames = 6 }, -3, new RandomStream(1, Purpose.View, 0, 0, 0), view);
        Assert.Equal(view[0] + 1, view[6]); // the next band
        Assert.Equal(view[0] + 4, view[1]); // the next frame
        var louder = new float[24];
        SpectrogramViews.Draw(spectrogram, sound, new SpectrogramViewRecipe { Frames = 6, Gain = 12 }, -3, new RandomStream(1, Purpose.View, 0, 0, 0), louder);
        Assert.NotEqual(0, louder[0] - view[0]);
        Assert.InRange(Math.Abs(louder[0] - view[0]), 0, (float)(1.2 * Math.Log(10) / 2) + 1e-4f);
        Assert.All(louder.Zip(view), p => Assert.Equal(louder[0] - view[0], p.First - p.Second, 1e-4f));
        var masked = new float[24];
        SpectrogramViews.Draw(spectrogram, sound, new SpectrogramViewRecipe { Frames = 6, TimeMasks = 1, TimeWidth = 6, FrequencyMasks = 1, FrequencyWidth = 4 }, -3, new RandomStream(1, Purpose.View, 0, 0, 0), masked);
        Assert.Contains(0f, masked);
        Assert.All(masked.Zip(view), p => Assert.True(p.First == 0 || p.First == p.Second));
        SpectrogramViews.Draw([1, 2, 3, 4], sound, new SpectrogramViewRecipe { Frames = 6 }, -3, new RandomStream(1, Purpose.View, 0, 0, 0), view);
        Assert.Equal([1f, -3, -3, -3, -3, -3, 2f], view[..7]);
    }

    [Fact]
    [Trait("Method", "audiomae")]
    public void BandsHideWholeRowsAndColumnsAndEverySoundAsMany()
    {
        var mask = new SpectrogramMaskRecipe { Kind = SpectrogramMaskKind.Bands, Ratio = 0.5 };
        for (var sample = 0; sample < 5; sample++)
        {
            var hidden = GridMasks.Draw(mask, 4, 6, new RandomStream(1, Purpose.Mask, 0, sample, 0));
            Assert.Equal((2 * 6) + (3 * 4) - 6, hidden.Count(h => h));
            Assert.Equal(2, Enumerable.Range(0, 4).Count(r => hidden[(r * 6)..((r + 1) * 6)].All(h => h)));
            Assert.Equal(3, Enumerable.Range(0, 6).Count(c => Enumerable.Range(0, 4).All(r => hidden[(r * 6) + c])));
        }

        Assert.Equal(12, GridMasks.Draw(mask with { Kind = SpectrogramMaskKind.Time }, 4, 6, new RandomStream(1, Purpose.Mask, 0, 0, 0)).Count(h => h));
        Assert.Equal(12, GridMasks.Draw(mask with { Kind = SpectrogramMaskKind.Random }, 4, 6, new RandomStream(1, Purpose.Mask, 0, 0, 0)).Count(h => h));
    }

    [Fact]
    [Trait("Method", "cola")]
    public void EqualStretchesLoseLnNAndTheSimilarityIsNotSymmetric()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(Math.Log(6), Losses.BilinearContrast.Loss(ones(6, 5), ones(6, 5)).item<float>(), 1e-5);
        Assert.NotEqual(Losses.BilinearContrast.Loss(Draw(1), Draw(2)).item<float>(), Losses.BilinearContrast.Loss(Draw(2), Draw(1)).item<float>(), 1e-4f);
    }

    [Theory]
    [InlineData("audiomae", "views.0.spectrogram.mask.kind=none", "views.0.spectrogram.mask.kind is \"none\"")]
    [InlineData("audiomae", "views.0.spectrogram.frames=15", "views.0.spectrogram.frames is 15, which backbone.patchSize (4) does not divide")]
    [InlineData("audiomae", "backbone.name=conv4", "this method works on patches")]
    [InlineData("cola", "views.0.spectrogram.mask.kind=random", "cola does not use it")]
    [InlineData("cola", "backbone.name=resnet18", "use one of conv4, vit-nano")]
    [InlineData("cola", "sound.highest=9000", "sound.highest is 9000")]
    [InlineData("cola", "sound.hop=100", "sound.hop is 100")]
    public void WhatCannotWorkIsRefusedByName(string method, string setting, string says)
        => Assert.Contains(says, Assert.Throws<UserErrorException>(() => MethodCatalog.Create(RecipeReader.Parse(RecipeReader.Write(SmallRun.Recipe(method)), [setting])).Build()).Message, StringComparison.Ordinal);

    public void Dispose() => _folder.Dispose();

    private void Write(string name, int rate, int samples)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder.File(name))!);
        using var file = new WaveFileWriter(_folder.File(name), new WaveFormat(rate, 16, 1));
        for (var i = 0; i < samples; i++)
            file.WriteSample((float)Math.Sin(i * 0.3) * 0.5f);
    }
}
