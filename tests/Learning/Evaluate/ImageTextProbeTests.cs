using SslOrleans.Learning.Evaluate;

namespace SslOrleans.Learning.Tests.Evaluate;

/// <summary>Zero-shot accuracy and recall@k beside counts by hand.</summary>
public class ImageTextProbeTests
{
    [Fact]
    public void TheNearestNameIsTheClass()
    {
        var images = new FeatureMatrix([1, 0, 0, 1, 0.8f, 0.6f, -1, 0], 2);
        var names = new FeatureMatrix([1, 0, 0, 1], 2);

        Assert.Equal(0.75, ImageTextProbes.ZeroShot(images, names, [0, 1, 0, 0]));
    }

    [Fact]
    public void APartnerCountsAmongTheKMostSimilarAndEqualOnesInOrder()
    {
        // Similarities of query i with partners: 0: 1, 0, 0; 1: 1, 0, 0 (own second of two equals); 2: 0, 1, 1 (own behind its equal).
        var queries = new FeatureMatrix([1, 0, 1, 0, 0, 1], 2);
        var partners = new FeatureMatrix([1, 0, 0, 1, 0, 1], 2);

        Assert.Equal([1 / 3.0, 1.0, 1.0], ImageTextProbes.Recall(queries, partners, [1, 2, 3]));
    }

    [Fact]
    public void WithoutATowerOfTextsTheProbesSayWhatIsMissing()
    {
        var data = new ProbeData("backbone", GoldenProbes.Data.Train, GoldenProbes.Data.TrainLabels, GoldenProbes.Data.Test, GoldenProbes.Data.TestLabels);

        foreach (var report in ProbeSuite.Run(["zeroshot", "retrieval"], [data], new ProbeSettings()))
            Assert.Contains("there is no tower of texts", report.Error);
    }
}
