using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Images;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Tests.Data;
using SslOrleans.Learning.Training;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests.Clips;

/// <summary>Videos of folders and shards as training data, and what is said of odd ones.</summary>
public sealed class ClipTests : IDisposable
{
    private const string Clips = """ { "name": "clips", "method": "simclr", "seed": 3, "steps": 3, "batch": { "effective": 6, "micro": 2 }, "data": { "modality": "video" }, "projector": { "shape": "8" }, "optimizer": { "name": "adamw", "learningRate": 0.01, "scaling": "none" }, "views": [ { "kind": "clip", "count": 2, "crop": { "size": 8 }, "clip": { "frames": 3, "stride": 2 } } ] } """;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void FoldersAreVideosAndAFrameThatDoesNotDecodeIsLeftOutAndCounted()
    {
        Video("train/a/1", 6);
        Video("train/b/2", 2);
        _folder.Write("train/b/2/01.png", [1, 2, 3]);
        _folder.Write("train/b/3/0.png", [1, 2, 3]);
        Video("test/b/4", 5);
        using var data = (VideoTrainingData)TrainingData.Open(RecipeReader.Parse(Clips), QuickRecipes.Access(_folder.Path));

        Assert.Equal(2, data.Samples);
        Assert.Equal([0, 1], data.Evaluation(test: false)!.Labels!);
        Assert.Equal([1], data.Evaluation(test: true)!.Labels!);
        Assert.Contains(data.Notes, n => n.StartsWith("2 frames do not decode and are left out (the first: train/b/2/01.png", StringComparison.Ordinal));
        Assert.Contains(data.Notes, n => n.StartsWith("1 of 2 videos are shorter than a view", StringComparison.Ordinal));
        var whole = data.Evaluation(test: false)!.Read(1, 1);
        Assert.Equal(3 * 3 * 8 * 8, whole.Length);
        Assert.Equal(whole[..192], whole[192..384]); // the one frame that is left, again
        Assert.Contains("holds no frames", Assert.Throws<UserErrorException>(() => TrainingData.Open(RecipeReader.Parse(Clips), QuickRecipes.Access(Directory.CreateDirectory(_folder.File("none")).FullName))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TwoViewsAreTwoMomentsAndAllFramesOfOneAreCutAlike()
    {
        Video("train/1", 30);
        Video("train/2", 30);
        var recipe = RecipeReader.Parse(Clips, ["views.0.crop.kind=center", "views.0.flip=0", "normalize.mean=[0,0,0]", "normalize.standardDeviation=[1,1,1]"]);
        using var data = TrainingData.Open(recipe, QuickRecipes.Access(_folder.Path));
        var starts = new HashSet<int>();
        for (var epoch = 0; epoch < 12; epoch++)
        {
            foreach (var view in data.Render(epoch * 2, 2).Views)
            {
                for (var row = 0; row < 2; row++)
                {
                    var moments = Enumerable.Range(0, 3).Select(t => (int)Math.Round(view.Values[((row * 3) + t) * 192] * 255 / 8)).ToList();
                    Assert.Equal([moments[0], moments[0] + 2, moments[0] + 4], moments);
                    starts.Add(moments[0]);
                }
            }
        }

        Assert.True(starts.Count > 10);
        Assert.InRange(starts.Max(), 20, 25);
        Assert.Equal(data.Render(4, 2).Views[1].Values, data.Render(4, 2).Views[1].Values);
    }

    [Fact]
    [Trait("Method", "videomae")]
    public void ATubeHidesTheSamePlacesOfAllFrames()
    {
        var hidden = GridMasks.Draw(new ClipMaskRecipe { Kind = ClipMaskKind.Tube, Ratio = 0.75 }, 3, 16, new RandomStream(1, Purpose.Mask, 0, 0, 0));
        Assert.Equal(12, hidden[..16].Count(h => h));
        Assert.Equal(hidden[..16], hidden[16..32]);
        Assert.Equal(hidden[..16], hidden[32..]);
        var alone = GridMasks.Draw(new ClipMaskRecipe { Kind = ClipMaskKind.Random, Ratio = 0.75 }, 3, 16, new RandomStream(1, Purpose.Mask, 0, 0, 0));
        Assert.Equal(36, alone.Count(h => h));
        Assert.NotEqual(alone[..16], alone[16..32]);
    }

    [Fact]
    public void ATubeletIsItsFramesPlaceByPlace()
    {
        using var scope = NewDisposeScope();
        var clip = arange(2 * 4 * 3 * 4 * 4, dtype: ScalarType.Float32).reshape(2, 4, 3, 4, 4);
        var patches = GridPatches.OfClips(clip, 2, 2);
        Assert.Equal([2, 8, 24], patches.shape);
        for (var v = 0; v < 24; v++)
        {
            // Tubelet 6 of clip 1: the second layer, second row, first column.
            var (frame, row, column, colour) = (v / 12, v / 6 % 2, v / 3 % 2, v % 3);
            Assert.Equal(clip[1, 2 + frame, colour, 2 + row, column].item<float>(), patches[1, 6, v].item<float>());
        }

        var sound = arange(6 * 4, dtype: ScalarType.Float32).reshape(1, 1, 6, 4);
        Assert.Equal([8f, 9, 12, 13], GridPatches.OfSpectrograms(sound, 2)[0, 2].data<float>().ToArray());
        Assert.Equal(0f, Positions.Sequence(3, 4)[0, 1, 0].item<float>());
        Assert.Equal(Math.Sin(2 * 0.01), Positions.Sequence(3, 4)[0, 3, 2].item<float>(), 1e-6);
        Assert.Equal(Math.Cos(2), Positions.Sequence(3, 4)[0, 3, 1].item<float>(), 1e-6);
    }

    /// <summary>SimCLR, BYOL, MoCo and SwAV on clips (M140), and on stretches of sound.</summary>
    [Theory]
    [InlineData("simclr", "video", "conv4")]
    [InlineData("simclr", "video", "vit-nano")]
    [InlineData("byol", "video", "conv4")]
    [InlineData("mocov2", "video", "conv4")]
    [InlineData("mocov3", "video", "conv4")]
    [InlineData("swav", "video", "conv4")]
    [InlineData("simclr", "audio", "vit-nano")]
    public void MethodsOfTwoViewsGiveTheSameBitsOnOneLaneAndThree(string method, string modality, string backbone)
    {
        var view = modality == "video" ? """{ "kind": "clip", "count": 2, "crop": { "size": 8 }, "clip": { "frames": 4 } }""" : """{ "kind": "spectrogram", "count": 2, "spectrogram": { "frames": 8 } }""";
        var recipe = RecipeReader.Parse(RecipeReader.Write(SmallRun.Recipe(method) with { Views = [new() { Kind = modality == "video" ? ViewKind.Clip : ViewKind.Spectrogram }], Data = new() { Modality = modality == "video" ? Modality.Video : Modality.Audio } }),
            [$"views=[{view}]", $"backbone.name={backbone}", "sound.bands=8", "optimizer.name=adamw", "optimizer.learningRate=0.002", "optimizer.scaling=none"]);
        using var one = new LocalTrainer(recipe, new SmallRun.Data(recipe), lanes: 1);
        using var three = new LocalTrainer(recipe, new SmallRun.Data(recipe), lanes: 3);
        var start = one.WeightsHash;
        for (var step = 0; step < recipe.Steps; step++)
            Assert.Equal(one.RunStep().WeightsHash, three.RunStep().WeightsHash);
        Assert.NotEqual(start, one.WeightsHash);
    }

    [Theory]
    [InlineData("videomae", "views.0.clip.mask.kind=none", "views.0.clip.mask.kind is \"none\"")]
    [InlineData("videomae", "backbone.tubeletFrames=3", "views.0.clip.frames is 4, which backbone.tubeletFrames (3) does not divide")]
    [InlineData("videomae", "backbone.name=conv4", "this method works on patches")]
    [InlineData("videomae", "views.0.clip.frames=0", "views.0.clip.frames is 0")]
    public void WhatCannotWorkIsRefusedByName(string method, string setting, string says)
        => Assert.Contains(says, Assert.Throws<UserErrorException>(() => MethodCatalog.Create(RecipeReader.Parse(RecipeReader.Write(SmallRun.Recipe(method)), [setting])).Build()).Message, StringComparison.Ordinal);

    public void Dispose() => _folder.Dispose();

    /// <summary>Frames of one gray each: 8 · t.</summary>
    private void Video(string name, int frames)
    {
        for (var t = 0; t < frames; t++)
        {
            var frame = new RgbImage(8, 8);
            frame.Writable.Fill((byte)(8 * t));
            _folder.Write($"{name}/{t:D2}.png", ImageEncoder.Png(frame));
        }
    }
}
