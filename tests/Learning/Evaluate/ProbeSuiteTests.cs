using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Evaluate;

namespace SslOrleans.Learning.Tests.Evaluate;

/// <summary>Bad input is named, and the probes that can run do.</summary>
public class ProbeSuiteTests
{
    private static readonly ProbeSettings s_quick = new()
    {
        Linear = new LinearOptions { Epochs = 2 },
        Mlp = new MlpOptions { Epochs = 1 },
    };

    private static ProbeData Whole
        => new("backbone", GoldenProbes.Data.Train, GoldenProbes.Data.TrainLabels, GoldenProbes.Data.Test, GoldenProbes.Data.TestLabels);

    [Fact]
    public void Every_probe_that_has_what_it_needs_reports_finite_values()
    {
        foreach (var report in Run(Whole).Values)
        {
            if (report.Probe is "alignment" or "rotation" or "zeroshot" or "retrieval")
                continue;
            Assert.Null(report.Error);
            Assert.NotEmpty(report.Values);
            Assert.All(report.Values, v => Assert.True(double.IsFinite(v.Value), v.Key));
        }
    }

    [Fact]
    public void Without_labels_the_label_free_probes_still_run()
    {
        var reports = Run(Whole with { TrainLabels = null });
        foreach (var probe in new[] { "knn", "linear", "mlp", "fewshot" })
            Assert.Contains("no labels", reports[probe].Error);
        foreach (var probe in new[] { "rank", "std", "uniformity" })
            Assert.Null(reports[probe].Error);
        Assert.Contains("test split", Run(Whole with { Test = null })["knn"].Error);
    }

    [Fact]
    public void One_class_is_refused_by_name()
        => Assert.Contains("class 3", Run(Whole with { TrainLabels = [.. GoldenProbes.Data.TrainLabels.Select(_ => 3)] })["linear"].Error);

    [Fact]
    public void Features_that_are_not_finite_are_refused_with_the_image()
    {
        var broken = new FeatureMatrix(GoldenProbes.Data.Train.Rows(0, GoldenProbes.Train).ToArray(), GoldenProbes.Width);
        broken.Rows(17, 1)[3] = float.NaN;
        foreach (var report in Run(Whole with { Train = broken }).Values)
        {
            Assert.Contains("image 17 is not finite", report.Error);
            Assert.Empty(report.Values);
        }
    }

    [Fact]
    public void Fewer_images_than_neighbours_is_said()
    {
        var few = Whole with { Train = new FeatureMatrix(GoldenProbes.Data.Train.Rows(0, 50).ToArray(), GoldenProbes.Width), TrainLabels = GoldenProbes.Data.TrainLabels[..50] };
        var report = Run(few)["knn"];
        Assert.Null(report.Error);
        Assert.Contains(report.Notes, n => n.Contains("k = 200 is more than the 50"));
    }

    [Fact]
    public void Views_and_rotations_are_named_when_missing_and_rotated_views_are_refused()
    {
        var reports = Run(Whole);
        Assert.Contains("two views", reports["alignment"].Error);
        Assert.Contains("rotated", reports["rotation"].Error);
        var recipe = SmallRun.Recipe("simclr");
        Assert.Null(RotationProbe.Refusal(recipe));
        Assert.Contains("views.0.rotation.probability is 0.5", RotationProbe.Refusal(RecipeReader.Parse(RecipeReader.Write(recipe), ["views.0.rotation.probability=0.5", "views.0.rotation.degrees=15"])));
    }

    [Fact]
    public void Metrics_of_other_layers_carry_the_layer()
    {
        Assert.Contains(Run(Whole)["rank"].Metrics, m => m.Key == "rankme");
        Assert.Contains(Run(Whole with { Layer = "projector.1" })["rank"].Metrics, m => m.Key == "rankme@projector.1");
    }

    private static Dictionary<string, ProbeReport> Run(ProbeData data)
        => ProbeSuite.Run([.. ProbeSuite.All.Select(p => p.Name)], [data], s_quick).ToDictionary(r => r.Probe);
}
