using SslOrleans.Contracts.Messages;
using Microsoft.Extensions.Hosting;
using SslOrleans.Contracts.Grains;
using SslOrleans.Grains.Simulation;
using SslOrleans.Silo;
using SslOrleans.Tests.Grains.Support;

namespace SslOrleans.Tests.Grains.Simulation;

/// <summary>The simulation beside a run: real grains, real gradients, and workers that wait so long that two cores suffice for three of them.</summary>
public class MeasuredTests(ITestOutputHelper output)
{
    private const int MicroBatches = 12;
    private static readonly TimeSpan s_wait = TimeSpan.FromMilliseconds(150);

    /// <summary>Not for a busy machine: what the simulation is asked for is time.</summary>
    [Fact]
    [Trait("Category", "Slow")]
    public async Task StepsOfTwoAndThreeWorkersTakeWhatTheSimulationSays()
    {
        var recipe = SmallRuns.Recipe("byol", "batch.effective=48", "steps=1000");
        await using var cluster = await Cluster.Start(workers: 0);
        var silos = new List<IHost> { await Join() };
        var times = new List<DateTimeOffset>();
        await cluster.Train("run", recipe, SmallRuns.Images, onEvent: async e =>
        {
            if (e.Kind != RunEventKind.Step)
                return;
            times.Add(e.Time);
            if (times.Count is 7 or 14)
                silos.Add(await Join());
            if (times.Count == 21)
                await cluster.Grains.GetGrain<ITrainingRunGrain>("run").Stop();
        });
        foreach (var silo in silos)
        {
            await silo.StopAsync();
            silo.Dispose();
        }

        // What one worker takes says how fast a worker is; the rest is the simulation's.
        var one = Simulated(1, imagesPerSecond: 1);
        var perMicroBatch = (Measured(times, 7) - one.Parts.Values.Sum() + one.Parts["compute"]) / MicroBatches;
        Assert.True(perMicroBatch > 0.95 * s_wait.TotalSeconds);
        foreach (var (workers, last) in new[] { (2, 14), (3, 21) })
        {
            var ratio = Measured(times, last) / Simulated(workers, 4 / perMicroBatch).StepSeconds;
            output.WriteLine(FormattableString.Invariant($"{workers} workers: {ratio:0.000} of the simulated step"));
            Assert.InRange(ratio, 0.85, 1.15);
        }

        Task<IHost> Join() => cluster.AddSilo(new SiloSettings { Name = $"waiting-{Guid.NewGuid():N}", SlowDown = s_wait });
    }

    /// <summary>Median seconds of the four steps up to this one.</summary>
    private static double Measured(List<DateTimeOffset> times, int last)
    {
        var steps = Enumerable.Range(last - 4, 4).Select(i => (times[i] - times[i - 1]).TotalSeconds).Order().ToList();
        return (steps[1] + steps[2]) / 2;
    }

    private static SimulationResult Simulated(int workers, double imagesPerSecond) => ClusterSimulation.Run(new SimulatedCluster
    {
        Workers = workers,
        ParameterSilos = 1,
        Model = "conv4",
        Slices = 3,
        EffectiveBatch = 4 * MicroBatches,
        MicroBatch = 4,
        ImagesPerSecond = imagesPerSecond,
        Spread = 0,
        MeanTimeBetweenFailures = 0,
        Duration = 600,
    });
}
