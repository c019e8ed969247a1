using System.Diagnostics;

namespace SslOrleans.Learning.Evaluate;

/// <summary>All probes by name, on features that were extracted once. A probe that cannot be run says why; the others go on.</summary>
public static class ProbeSuite
{
    private const string NoTexts = "there is no tower of texts at this layer; a method of images and captions has one, on the backbone of a run with a test split";

    /// <summary>k of recall@k.</summary>
    private static readonly int[] s_recalls = [1, 5, 10];

    private delegate void Probe(ProbeData data, ProbeSettings settings, Dictionary<string, double> values, List<string> notes);

    private static readonly (string Name, string What, Probe Run)[] s_probes =
    [
        ("knn", "weighted and majority kNN over several k (labels)", Knn),
        ("linear", "linear probe, head chosen by held-out images (labels)", Linear),
        ("mlp", "MLP probe with one hidden layer (labels)", Mlp),
        ("fewshot", "linear probe with 1 % and 10 % of the labels (labels)", FewShot),
        ("rank", "RankMe, alpha-ReQ, entropy, rank, power law and area of the singular values", Rank),
        ("std", "spread of the dimensions of normalised features", Spread),
        ("uniformity", "uniformity on the sphere", (d, _, v, _) => v["uniformity"] = AlignmentUniformity.Uniformity(d.Train)),
        ("alignment", "alignment of two views (needs a recipe with two views)", Alignment),
        ("rotation", "prediction of quarter turns (no labels)", Rotation),
        ("nearest", "share of the nearest other test samples that are of the same class, with examples (labels)", Nearest),
        ("zeroshot", "nearest class name in the recipe's templates, of image and text towers (labels of the test split)", ZeroShot),
        ("retrieval", "recall of captions by images and of images by captions (no labels)", Retrieval),
    ];

    /// <summary>Those that need a tower of texts beside that of images.</summary>
    public static IReadOnlyList<string> OfTexts { get; } = ["zeroshot", "retrieval"];

    /// <summary>Names and what they are.</summary>
    public static IReadOnlyList<(string Name, string What)> All { get; } = [.. s_probes.Select(p => (p.Name, p.What))];

    /// <summary>Runs probes on every layer.</summary>
    /// <param name="probes">Names of <see cref="All"/>.</param>
    /// <param name="layers">Features by layer.</param>
    /// <param name="settings">Settings of all probes.</param>
    /// <param name="done">Called after each.</param>
    public static IReadOnlyList<ProbeReport> Run(
        IReadOnlyList<string> probes, IReadOnlyList<ProbeData> layers, ProbeSettings settings, Action<ProbeReport>? done = null)
    {
        var reports = new List<ProbeReport>();
        foreach (var data in layers)
        {
            foreach (var name in probes)
            {
                var report = Run(s_probes.First(p => p.Name == name), data, settings);
                reports.Add(report);
                done?.Invoke(report);
            }
        }

        return reports;
    }

    private static ProbeReport Run((string Name, string What, Probe Run) probe, ProbeData data, ProbeSettings settings)
    {
        settings.Cancellation.ThrowIfCancellationRequested();
        var started = Stopwatch.GetTimestamp();
        var values = new Dictionary<string, double>();
        var notes = new List<string>();
        string? error = null;
        try
        {
            data.MustBeFinite();
            probe.Run(data, settings, values, notes);
        }
        catch (ProbeException e)
        {
            values.Clear();
            error = e.Message;
        }

        return new ProbeReport(probe.Name, data.Layer, values, notes, error, Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    private static void ZeroShot(ProbeData data, ProbeSettings settings, Dictionary<string, double> values, List<string> notes)
    {
        var paired = data.Paired ?? throw new ProbeException(NoTexts);
        var prompts = paired.Prompts ?? throw new ProbeException("nothing names the classes; write their names into classes.txt, one a line, or name class folders after them");
        var labels = data.TestLabels ?? throw new ProbeException("the test split has no labels");
        values["zeroshot"] = ImageTextProbes.ZeroShot(paired.Images, prompts, labels);
        notes.Add($"{prompts.Count} classes; chance is {ProbeReport.Text(100.0 / prompts.Count)} %");
    }

    private static void Retrieval(ProbeData data, ProbeSettings settings, Dictionary<string, double> values, List<string> notes)
    {
        var paired = data.Paired ?? throw new ProbeException(NoTexts);
        var texts = paired.Texts ?? throw new ProbeException("the test images have no captions");
        foreach (var (name, queries, partners) in new[] { ("captions", paired.Images, texts), ("images", texts, paired.Images) })
        {
            foreach (var (k, share) in s_recalls.Zip(ImageTextProbes.Recall(queries, partners, s_recalls)))
                values[$"recall.{name}.{k}"] = share;
        }

        notes.Add($"among {texts.Count} pairs");
    }

    private static void Nearest(ProbeData data, ProbeSettings settings, Dictionary<string, double> values, List<string> notes)
    {
        var labelled = data.Labelled();
        var found = NearestProbe.Evaluate(labelled.Test, labelled.TestLabels, s_recalls);
        foreach (var (k, share) in s_recalls.Zip(found.Shares))
            values[$"nearest.{k}"] = share;
        for (var i = 0; i < 3 && data.Describe is not null && i < found.First.Count; i++)
            notes.Add($"\"{data.Describe(i)}\" is nearest to \"{data.Describe(found.First[i])}\"");
    }

    private static void Knn(ProbeData data, ProbeSettings settings, Dictionary<string, double> values, List<string> notes)
    {
        var labelled = data.Labelled();
        var neighbours = settings.MoreNeighbours.Append(settings.Neighbours).Distinct().Order().ToList();
        foreach (var k in neighbours.Where(k => k > labelled.Train.Count))
            notes.Add($"k = {k} is more than the {labelled.Train.Count} training images: all of them vote");
        foreach (var score in KnnProbe.Evaluate(labelled, neighbours, [settings.Temperature, double.PositiveInfinity], settings.Threads, settings.Cancellation))
        {
            var weighted = double.IsFinite(score.Temperature);
            var main = weighted && score.Neighbours == settings.Neighbours;
            values[main ? "knn" : $"knn.k{score.Neighbours}.{(weighted ? $"t{ProbeReport.Text(score.Temperature)}" : "majority")}"] = score.Accuracy;
        }
    }

    private static void Linear(ProbeData data, ProbeSettings settings, Dictionary<string, double> values, List<string> notes)
    {
        var score = LinearProbe.Evaluate(data.Labelled(), settings.Linear with { Cancellation = settings.Cancellation });
        (values["linear"], values["linear.best"], values["linear.train"]) = (score.Accuracy, score.Best, score.TrainAccuracy);
        (values["linear.learningRate"], values["linear.weightDecay"]) = (score.Head.LearningRate, score.Head.WeightDecay);
        notes.Add($"last of {settings.Linear.Epochs} epochs; best was epoch {score.BestEpoch}");
        var rates = settings.Linear.Heads.Select(h => h.LearningRate).Distinct().ToList();
        if (rates.Count > 1 && score.Head.LearningRate == rates.Max())
            notes.Add("the highest learning rate won; a higher one may do better");
    }

    private static void Mlp(ProbeData data, ProbeSettings settings, Dictionary<string, double> values, List<string> notes)
    {
        var score = MlpProbe.Evaluate(data.Labelled(), settings.Mlp with { Cancellation = settings.Cancellation });
        (values["mlp"], values["mlp.best"], values["mlp.train"]) = (score.Accuracy, score.Best, score.TrainAccuracy);
        notes.Add($"last of {settings.Mlp.Epochs} epochs; best was epoch {score.BestEpoch}");
    }

    private static void FewShot(ProbeData data, ProbeSettings settings, Dictionary<string, double> values, List<string> notes)
    {
        foreach (var share in settings.Shots)
        {
            var score = FewShotProbe.Evaluate(data.Labelled(), share, seed: settings.Linear.Seed, cancellation: settings.Cancellation);
            var name = $"fewshot.{ProbeReport.Text(100 * share)}";
            (values[name], values[name + ".deviation"]) = (score.Accuracy, score.Deviation);
            notes.Add($"{ProbeReport.Text(100 * share)} %: {score.Images} labels");
        }
    }

    private static void Rank(ProbeData data, ProbeSettings settings, Dictionary<string, double> values, List<string> notes)
    {
        var spectrum = Spectrum.Of(data.Train);
        values["rankme"] = RankMe.Of(spectrum);
        values["entropy"] = RankMe.Entropy(spectrum);
        values["rank"] = Collapse.Rank(spectrum);
        values["auc"] = Collapse.Area(spectrum);
        Fit("alphareq", PowerLaw.AlphaReq);
        Fit("powerlaw", PowerLaw.Whole);
        if (spectrum.Count < 2 * spectrum.Width)
            notes.Add($"{spectrum.Count} images for {spectrum.Width} dimensions: the rank is limited by the images");

        void Fit(string name, Func<Spectrum, PowerLaw> fit)
        {
            try
            {
                (values[name], values[name + ".r2"]) = fit(spectrum);
            }
            catch (ProbeException e)
            {
                notes.Add($"{name}: {e.Message}");
            }
        }
    }

    private static void Spread(ProbeData data, ProbeSettings settings, Dictionary<string, double> values, List<string> notes)
        => (values["std"], values["std.least"], values["std.dead"]) = Collapse.Spread(data.Train);

    private static void Alignment(ProbeData data, ProbeSettings settings, Dictionary<string, double> values, List<string> notes)
    {
        var (first, second) = data.Pairs ?? throw new ProbeException("there are no two views of an image; name a recipe with two views (--recipe)");
        values["alignment"] = AlignmentUniformity.Alignment(first, second);
    }

    private static void Rotation(ProbeData data, ProbeSettings settings, Dictionary<string, double> values, List<string> notes)
    {
        var score = RotationProbe.Evaluate(data.Rotations ?? throw new ProbeException("no rotated images were encoded"), settings.Linear.Seed, settings.Cancellation);
        (values["rotation"], values["rotation.best"]) = (score.Accuracy, score.Best);
    }
}
