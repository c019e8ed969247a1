using System.Text;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Images;
using SslOrleans.Learning.Text;
using SslOrleans.Learning.Training;

namespace SslOrleans.Learning.Tests.Data;

/// <summary>Captions of shards and folders, those that are missing or broken, and the tokens that are made of them.</summary>
public sealed class CaptionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void AShardsTextOrJsonIsTheCaptionAndEachLineIsOne()
    {
        var tar = new TarBuilder();
        tar.Add("a.jpg", TarBuilder.Jpeg(0)).Add("a.txt", "\uFEFF one disc \r\n\n two words\n");
        tar.Add("b.jpg", TarBuilder.Jpeg(1)).Add("b.json", """ { "label": 3, "caption": "of json" } """);
        tar.Add("c.jpg", TarBuilder.Jpeg(2)).Add("c.json", """ { "caption": ["first", "se\ncond", 7] } """).Add("c.txt", "");
        tar.Add("d.jpg", TarBuilder.Jpeg(3)).Add("d.json", """ { "caption": "not this" } """).Add("d.txt", "this");
        tar.Add("e.jpg", TarBuilder.Jpeg(4)).Add("e.txt", [0xC3, 0x28]);
        _folder.Write("x.tar", tar.Build());
        using var source = ImageSources.Open(_folder.Path);

        Assert.Equal(["one disc\ntwo words", "of json", "first\nse cond", "this", null], Enumerable.Range(0, 5).Select(source.Caption));
        Assert.Equal(3, source.Label(1));
        Assert.Contains("1 captions are not UTF-8 and left out", source.Notes);
    }

    [Fact]
    public void ATextBesideAPictureIsItsCaptionAndOthersAreTold()
    {
        _folder.Write("cats/one.jpg", TarBuilder.Jpeg(0));
        _folder.Write("cats/one.txt", Encoding.UTF8.GetBytes("a cat\n"));
        _folder.Write("cats/two.jpg", TarBuilder.Jpeg(1));
        _folder.Write("cats/notes.txt", Encoding.UTF8.GetBytes("nobody's"));
        using var source = ImageSources.Open(_folder.Path);

        Assert.Equal(["a cat", null], Enumerable.Range(0, 2).Select(source.Caption));
        Assert.Contains("1 files '.txt' ignored", source.Notes);
    }

    [Fact]
    public void AnImageWithoutACaptionIsReplacedByTheNextAndStandsAmongTheReplaced()
    {
        const int Bad = 57;
        var path = Captioned(_folder.File("one"), 120, i => i == Bad ? null : $"number {i}");
        using var data = Open(path);
        var at = Array.IndexOf(data.SampleIds(0, 120), (long)Bad);
        var rendered = data.Render(at, 1);
        var next = data.Render(Array.IndexOf(data.SampleIds(0, 120), Bad + 1L), 1);

        Assert.Equal([(at, (long)Bad, Bad + 1L)], rendered.Replaced.Select(r => ((int)r.Position, r.Sample, r.By)));
        Assert.Equal(next.Views[1].Tokens, rendered.Views[1].Tokens);
        Assert.Empty(next.Replaced);
        Assert.Contains(data.Notes, n => n.Contains("1 of 120 images have no caption", StringComparison.Ordinal));
    }

    [Fact]
    public void TooManyWithoutACaptionAreRefusedAndSoIsADataSetWithNone()
    {
        var some = Assert.Throws<UserErrorException>(() => Open(Captioned(_folder.File("some"), 30, i => i % 10 == 0 ? null : "a word")));
        Assert.Contains("3 of 30 images have no caption, or none in UTF-8, more than 1 %", some.Message, StringComparison.Ordinal);
        var none = Assert.Throws<UserErrorException>(() => Open(Captioned(_folder.File("none"), 5, _ => null)));
        Assert.Contains("no image has a caption; put NAME.txt beside NAME.jpg", none.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OtherCaptionsAreOtherDataAndLongOnesAreCutAndTold()
    {
        using var one = Open(Captioned(_folder.File("a"), 12, i => $"caption {i}"));
        using var two = Open(Captioned(_folder.File("b"), 12, i => $"caption {i + 1}"));
        using var cut = Open(Captioned(_folder.File("c"), 12, i => i == 3 ? string.Join(' ', Enumerable.Range(0, 60)) : "short"));

        Assert.NotEqual(one.Fingerprint, two.Fingerprint);
        Assert.Contains(cut.Notes, n => n.StartsWith("1 captions of the 12 images that were looked at are longer than views.*.text.length (8 tokens)", StringComparison.Ordinal));
        var views = cut.Render(0, 12).Views[1];
        Assert.Equal([8L], views.Shape);
        Assert.All(views.Tokens!.Chunk(8), row => Assert.Equal((TextTokenizer.Start, 1), (row[0], row.Count(t => t == TextTokenizer.End))));
    }

    [Fact]
    public void ViewsAreAPureFunctionOfTheirPositionsAndOneOfSeveralCaptionsIsDrawn()
    {
        var path = Captioned(_folder.File("m"), 24, i => $"first {i}\nsecond {i}\nthird {i}");
        using var a = Open(path);
        using var b = Open(path);
        var whole = a.Render(12, 24).Views;
        var parts = new[] { b.Render(28, 8), b.Render(12, 8), b.Render(20, 8) };

        Assert.Equal(whole[1].Tokens!, new[] { parts[1], parts[2], parts[0] }.SelectMany(p => p.Views[1].Tokens!));
        Assert.Equal(whole[0].Values, new[] { parts[1], parts[2], parts[0] }.SelectMany(p => p.Views[0].Values));
        Assert.True(whole[1].Tokens!.Chunk(8).Select(r => r[1]).Distinct().Count() > 1);
    }

    [Fact]
    public void MergesAreLearntInAFixedOrderAndGpt2sAreThePublishedOnes()
    {
        // Sennrich et al.'s rule on "low lower lowest": l-o, then lo-w, three times each; then e-r is as rare as all others.
        var tokens = TextTokenizer.Trained(["low lower lowest", "low"], TextRecipe.LeastVocabulary + 2);
        var same = TextTokenizer.Trained(["low", "lowest low lower"], TextRecipe.LeastVocabulary + 2);
        Span<long> low = stackalloc long[5];
        Assert.False(tokens.Encode("low", low));
        Assert.Equal([TextTokenizer.Start, TextRecipe.LeastVocabulary + 1, TextTokenizer.End, 0, 0], low.ToArray());
        Assert.Equal(tokens.Fingerprint, same.Fingerprint);

        // GPT-2's tokens of this sentence, as its own encoder gives them: 15496 11 995.
        var gpt = new long[6];
        TextTokenizer.Gpt2().Encode("Hello, world", gpt);
        Assert.Equal([1, 15496 + 4, 11 + 4, 995 + 4, 2, 0], gpt);
        Assert.True(TextTokenizer.Gpt2().Encode("ünïcödé 日本 🙂", gpt));
    }

    [Fact]
    public void GeneratedCaptionsNameShapeAndTextureAndNoPicture()
    {
        Assert.Equal(GeneratedImages.Caption(0, 0, 7), GeneratedImages.Caption(0, 0, 7));
        var captions = Enumerable.Range(0, 200).Select(i => GeneratedImages.Caption(0, 0, i)).ToList();
        Assert.All(captions.Where((_, i) => i % 10 == 0), c => Assert.Matches("(disc|filled circle)", c));
        Assert.All(captions.Where((_, i) => i % 10 == 0), c => Assert.Matches("strip", c));
        Assert.True(captions.Distinct().Count() > 100);
    }

    public void Dispose() => _folder.Dispose();

    private static TextImageTrainingData Open(string path)
    {
        var recipe = RecipeReader.Parse("""
            { "name": "t", "method": "clip", "seed": 3, "batch": { "effective": 4, "micro": 4 }, "data": { "modality": "text-image" }, "text": { "vocabulary": 300 },
              "views": [ { "crop": { "size": 8 } }, { "kind": "text", "text": { "length": 8 } } ] }
            """);
        return (TextImageTrainingData)TrainingData.Open(recipe, QuickRecipes.Access(path));
    }

    private static string Captioned(string folder, int count, Func<int, string?> caption)
    {
        var tar = new TarBuilder();
        for (var i = 0; i < count; i++)
        {
            tar.Add($"{i:D4}.jpg", ImageEncoder.Jpeg(GeneratedImages.Draw(9, 0, i).Image, 90));
            if (caption(i) is { } text)
                tar.Add($"{i:D4}.txt", text);
        }

        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, "x.tar"), tar.Build());
        return folder;
    }
}
