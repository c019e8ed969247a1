using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Text;

namespace SslOrleans.Learning.Training;

/// <summary>The captioned images of a recipe: image views by its view plan, and tokens of the captions.</summary>
public sealed class TextImageTrainingData : ITrainingData
{
    /// <summary>Captions that are looked at for those that are too long.</summary>
    private const int LookedAt = TextTokenizer.CorpusLines;

    private readonly Recipe _recipe;
    private readonly IReadOnlyList<ViewRecipe> _views;
    private readonly ImageTrainingData _images;
    private readonly CaptionedSource _source;
    private readonly CaptionViews _texts;
    private readonly TextTokenizer _tokenizer;
    private readonly Func<string, SourceOptions, IImageSource> _open;
    private readonly Lazy<EvaluationSet?>[] _evaluation;

    /// <param name="recipe">Which images and views.</param>
    /// <param name="open">Opens a split of the data, wherever it is.</param>
    /// <exception cref="UserErrorException">The data or the recipe's view of it is wrong.</exception>
    public TextImageTrainingData(Recipe recipe, Func<string, SourceOptions, IImageSource> open)
    {
        (_recipe, _open) = (recipe, open);
        _views = [.. recipe.Views.SelectMany(v => Enumerable.Repeat(v, v.Count))];
        CaptionedSource? source = null;
        IImageSource? test = null;
        _images = new ImageTrainingData(recipe with { Views = [.. recipe.Views.Where(v => v.Kind == ViewKind.Image)] }, (split, options) => source is null ? source = Captioned(split, options) : test = Test(split, options));
        _source = source!;
        try
        {
            var lines = Enumerable.Range(0, _source.Count).SelectMany(i => _source.Caption(i).Split('\n'));
            _tokenizer = TextTokenizer.Of(recipe.Text, lines);
            _texts = new CaptionViews(_tokenizer, _views.First(v => v.Kind == ViewKind.Text).Text.Length);
        }
        catch
        {
            _images.Dispose();
            throw;
        }

        _evaluation = [new(() => WithTexts(_images.Evaluation(test: false), _source)), new(() => WithTexts(_images.Evaluation(test: true), test))];
    }

    public long Samples => _images.Samples;

    /// <summary>Of images, captions and tokens.</summary>
    public string Fingerprint => $"{_source.Fingerprint}-{_tokenizer.Fingerprint}";

    public IReadOnlyList<string> Classes => _images.Classes;

    public IReadOnlyList<string> Notes => [.. _images.Notes, .. TooLong()];

    public long[] SampleIds(long firstPosition, int count) => _images.SampleIds(firstPosition, count);

    public MicroBatchViews Render(long firstPosition, int count)
    {
        var images = _images.Render(firstPosition, count);
        var positions = _images.Positions(firstPosition, count);
        var (views, image) = (new List<ViewBuffer>(), 0);
        for (var view = 0; view < _views.Count; view++)
        {
            // The image was read before, so that a stand-in is known.
            views.Add(_views[view].Kind == ViewKind.Image
                ? images.Views[image++]
                : _texts.Of([.. positions.Select(p => CaptionViews.Drawn(_source.Caption(p.SampleId), _recipe.Seed, p, view))]));
        }

        return new MicroBatchViews(images.SampleIds, views, images.Labels, images.Dispose) { Replaced = images.Replaced };
    }

    public EvaluationSet? Evaluation(bool test) => _evaluation[test ? 1 : 0].Value;

    public void Dispose() => _images.Dispose();

    private CaptionedSource Captioned(string split, SourceOptions options)
    {
        var images = _open(split, options);
        try
        {
            return new CaptionedSource(images);
        }
        catch
        {
            images.Dispose();
            throw;
        }
    }

    /// <summary>The test images serve without captions too.</summary>
    private IImageSource Test(string split, SourceOptions options)
    {
        try
        {
            return Captioned(split, options);
        }
        catch (UserErrorException)
        {
            return _open(split, options);
        }
    }

    private EvaluationSet? WithTexts(EvaluationSet? set, IImageSource? source) => set is null ? null : set with
    {
        Texts = new CaptionSet(
            source is CaptionedSource captioned ? (first, count) => _texts.Of([.. Enumerable.Range(first, count).Select(i => captioned.Caption(i).Split('\n')[0])]) : null,
            [.. Classes.Select(c => _texts.Prompts(_recipe.Text, c))]),
    };

    private IEnumerable<string> TooLong()
    {
        var captions = Enumerable.Range(0, Math.Min(LookedAt, _source.Count)).Select(i => _source.Caption(i)).ToList();
        if (_texts.Cut(captions.SelectMany(c => c.Split('\n'))) is > 0 and var cut)
            yield return $"{cut} captions of the {captions.Count} images that were looked at are longer than views.*.text.length ({_views.First(v => v.Kind == ViewKind.Text).Text.Length} tokens) and are cut";
    }
}
