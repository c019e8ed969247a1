using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Text;

namespace SslOrleans.Learning.Training;

/// <summary>The lines of a recipe's text, which are held in memory.</summary>
public sealed class TextTrainingData : ITrainingData
{
    private readonly Recipe _recipe;
    private readonly ViewRecipe[] _views;
    private readonly TextLines _lines;
    private readonly TextTokenizer _tokenizer;
    private readonly SampleOrder _order;
    private readonly Func<IDataFiles> _files;
    private readonly Lazy<EvaluationSet?> _train;
    private readonly Lazy<EvaluationSet?> _test;

    /// <param name="recipe">Which text and views.</param>
    /// <param name="files">Opens the place of the text.</param>
    /// <exception cref="UserErrorException">The text is not there.</exception>
    public TextTrainingData(Recipe recipe, Func<IDataFiles> files)
    {
        (_recipe, _files) = (recipe, files);
        _views = [.. recipe.Views.SelectMany(v => Enumerable.Repeat(v, v.Count))];
        using var place = files();
        _lines = TextLines.Read(place, recipe.Data.Split, recipe.Data.Limit);
        _tokenizer = TextTokenizer.Of(recipe.Text, _lines.Lines);
        _order = SampleOrder.Uniform(_lines.Lines.Count, recipe.Seed);
        Classes = [.. (_lines.Labels ?? []).Distinct().Order(StringComparer.Ordinal)];
        var cut = new CaptionViews(_tokenizer, _views[0].Text.Length).Cut(_lines.Lines.Take(TextTokenizer.CorpusLines));
        Notes = [.. _lines.Notes, .. cut == 0 ? Array.Empty<string>() : [$"{cut} of the {Math.Min(TextTokenizer.CorpusLines, _lines.Lines.Count)} lines that were looked at are longer than views.*.text.length ({_views[0].Text.Length} tokens) and are cut"]];
        _train = new Lazy<EvaluationSet?>(() => EvaluationOf(_lines));
        _test = new Lazy<EvaluationSet?>(OpenTest);
    }

    public long Samples => _order.EpochLength;

    /// <summary>Of lines and tokens.</summary>
    public string Fingerprint => $"{_lines.Fingerprint}-{_tokenizer.Fingerprint}";

    public IReadOnlyList<string> Classes { get; }

    public IReadOnlyList<string> Notes { get; }

    public long[] SampleIds(long firstPosition, int count) => Array.ConvertAll(Positions(firstPosition, count), p => (long)p.SampleId);

    public MicroBatchViews Render(long firstPosition, int count)
    {
        var positions = Positions(firstPosition, count);
        var views = _views.Select((v, number) => View(v, number, positions)).ToList();
        int[]? labels = _lines.Labels is { } known ? [.. positions.Select(p => Number(known[p.SampleId]))] : null;
        return new MicroBatchViews([.. positions.Select(p => (long)p.SampleId)], views, labels);
    }

    public EvaluationSet? Evaluation(bool test) => (test ? _test : _train).Value;

    public void Dispose()
    {
    }

    private ViewBuffer View(ViewRecipe settings, int view, SamplePosition[] positions)
    {
        var length = settings.Text.Length;
        var tokens = new long[positions.Length * length];
        var hidden = new bool[tokens.Length];
        for (var row = 0; row < positions.Length; row++)
        {
            var (epoch, sample) = positions[row];
            var own = tokens.AsSpan(row * length, length);
            _tokenizer.Encode(_lines.Lines[sample], own);
            if (settings.Text.Mask > 0)
                TokenMask.Draw(own, hidden.AsSpan(row * length, length), settings.Text.Mask, _tokenizer.Vocabulary, new RandomStream(_recipe.Seed, Purpose.Mask, epoch, sample, view));
        }

        return new ViewBuffer(tokens, [length], settings.Text.Mask > 0 ? hidden : null);
    }

    private SamplePosition[] Positions(long first, int count)
    {
        var positions = new SamplePosition[count];
        _order.Fill(first, positions);
        return positions;
    }

    private EvaluationSet? OpenTest()
    {
        try
        {
            using var place = _files();
            return EvaluationOf(TextLines.Read(place, _recipe.Data.TestSplit, _recipe.Data.TestLimit));
        }
        catch (UserErrorException)
        {
            // A test split is optional; without one the probes that need it are left out.
            return null;
        }
    }

    private EvaluationSet EvaluationOf(TextLines lines)
    {
        var views = new CaptionViews(_tokenizer, _views[0].Text.Length);
        int[]? labels = lines.Labels is { } known && known.All(Classes.Contains) ? [.. known.Select(Number)] : null;
        return new EvaluationSet(lines.Lines.Count, labels, [_views[0].Text.Length], (first, count) => views.Of([.. lines.Lines.Skip(first).Take(count)])) { Describe = i => lines.Lines[i] };
    }

    private int Number(string label) => Classes.Index().First(c => c.Item == label).Index;
}
