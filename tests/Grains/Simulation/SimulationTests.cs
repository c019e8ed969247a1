using SslOrleans.Contracts;
using SslOrleans.Grains.Simulation;

namespace SslOrleans.Tests.Grains.Simulation;

public class SimulationTests
{
    private static readonly SimulatedCluster Calm = new() { Workers = 4, ParameterSilos = 1, EffectiveBatch = 256, MicroBatch = 8, MeanTimeBetweenFailures = 0, Spread = 0, Duration = 3600 };

    [Theory]
    [InlineData("conv4", 388_896)]
    [InlineData("resnet18", 11_176_512)]
    [InlineData("resnet50", 23_508_032)]
    [InlineData("vit-s", 21_665_664)]
    [InlineData("vit-b", 85_798_656)]
    [InlineData("vit-l", 303_301_632)]
    public void BackbonesHaveAsManyParametersAsTheirPapersSay(string model, int parameters)
        => Assert.Equal(parameters, ModelShapes.Layout(model, 8).Length);

    [Fact]
    public void WithoutFailuresNothingIsLostAndAStepIsTheSumOfItsParts()
    {
        var result = ClusterSimulation.Run(Calm);
        Assert.Equal(1, result.Goodput, 1e-3);
        Assert.Equal((0, 0), (result.Failures, (int)result.Repeated));
        Assert.Equal(result.Parts.Values.Sum(), result.StepSeconds, 1e-6 + (result.StepSeconds / result.Steps));

        // 256 images by four workers of 400 images/s.
        Assert.Equal(256.0 / 4 / 400, result.Parts["compute"], 1e-9);

        // 343 MB over 25 Gb/s by the one parameter silo, four times.
        Assert.Equal(0.0003 + (4.0 * 4 * 85_798_656 * 8 / 25e9), result.Parts["pull parameters"], 1e-9);
    }

    [Fact]
    public void TwiceTheWorkersComputeInHalfTheTime()
        => Assert.Equal(ClusterSimulation.Run(Calm).Parts["compute"] / 2, ClusterSimulation.Run(Calm with { Workers = 8 }).Parts["compute"], 1e-9);

    [Fact]
    public void AWorkersLinkKeepsTheBoundWhenSharesAreSubtrees()
    {
        var result = ClusterSimulation.Run(Calm with { Workers = 64, EffectiveBatch = 1024, ParameterSilos = 4 });
        Assert.Equal(1, result.PartialSums);
        Assert.InRange(result.WorkerLinkOfBound, 1, 1.1);

        // Shares of three micro-batches are two subtrees, and each is a partial sum.
        Assert.True(ClusterSimulation.Run(Calm with { Workers = 64, EffectiveBatch = 1536, ParameterSilos = 4 }).PartialSums > 1.5);
    }

    [Fact]
    public void AFailureCostsItsNoticeAndWhatWasOpen()
    {
        var busy = Calm with { Workers = 16, EffectiveBatch = 4096, MeanTimeBetweenFailures = 4 * 3600, Notice = 2, Duration = 24 * 3600 };
        var result = ClusterSimulation.Run(busy);
        Assert.InRange(result.Failures, 60, 140);
        Assert.True(result.Repeated > 0);

        // The others compute its share after they have done theirs: the notice at least is waited for when it comes late in the step.
        Assert.InRange(result.RecoverySeconds, 0.1, 4);
        Assert.True(ClusterSimulation.Run(busy with { Notice = 10 }).RecoverySeconds > result.RecoverySeconds + 4);
        Assert.True(result.Goodput < 1);
    }

    [Fact]
    public void ManyWorkersKeepTheirGoodput()
    {
        var result = ClusterSimulation.Run(new SimulatedCluster { Workers = 256, Model = "vit-b", Bandwidth = 25e9, MeanTimeBetweenFailures = 24 * 3600, Duration = 4 * 3600 });
        Assert.InRange(result.Failures, 20, 70);
        Assert.InRange(result.Goodput, 0.97, 0.9999);

        // Although the workers' speeds differ.
        Assert.InRange(result.WorkerLinkOfBound, 1, 1.1);
    }

    [Fact]
    public void TheSameSeedIsTheSameRun()
    {
        var cluster = Calm with { Workers = 8, Spread = 0.05, MeanTimeBetweenFailures = 3600 };
        var (first, again, other) = (ClusterSimulation.Run(cluster), ClusterSimulation.Run(cluster), ClusterSimulation.Run(cluster with { Seed = 1 }));
        Assert.Equal((first.Steps, first.Failures, first.Goodput), (again.Steps, again.Failures, again.Goodput));
        Assert.NotEqual(first.Goodput, other.Goodput);
    }

    [Fact]
    public void WhenEveryWorkerDiesTheRunGoesOnWithTheFirstThatIsBack()
    {
        var result = ClusterSimulation.Run(Calm with { Workers = 1, MeanTimeBetweenFailures = 300 });
        Assert.True(result.Steps > 0);
        Assert.InRange(result.Goodput, 0.5, 0.9);
    }

    [Theory]
    [InlineData("--workers", 0, 256)]
    [InlineData("--batch", 4, 255)]
    public void ASenselessClusterIsNamed(string option, int workers, int batch)
        => Assert.Contains(option, Assert.Throws<UserErrorException>(() => ClusterSimulation.Run(Calm with { Workers = workers, EffectiveBatch = batch })).Message);
}
