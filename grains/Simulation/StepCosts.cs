using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Simulation;

/// <summary>
/// What a step costs beside computing, from bytes and messages: links, the run grain's turn, and the slices' additions.
/// Everything that goes over one link or through one grain comes after the other.
/// </summary>
internal sealed class StepCosts
{
    private const double FloatBytes = 4;

    private readonly SimulatedCluster _cluster;
    private readonly double _bytesPerSecond;
    private readonly double _parameters;

    // The silo and the grain with the most to do.
    private readonly double _siloParameters;
    private readonly double _sliceParameters;

    public StepCosts(SimulatedCluster cluster)
    {
        _cluster = cluster;
        _bytesPerSecond = cluster.Bandwidth / 8;
        var layout = ModelShapes.Layout(cluster.Model, cluster.Slices);
        _parameters = layout.Length;
        _sliceParameters = layout.Slices.Max(s => s.Length);
        _siloParameters = Spread(layout, cluster.ParameterSilos);
    }

    /// <summary>Seconds until the last worker has the version: its own link, or that of the silo that sends the most.</summary>
    public double Pull(int workers) => _cluster.RoundTrip + (FloatBytes * Math.Max(_parameters, workers * _siloParameters) / _bytesPerSecond);

    /// <summary>Seconds that a worker's last partial sum is on its way; earlier ones travel while it computes.</summary>
    public double Push => _cluster.RoundTrip + (FloatBytes * _parameters / _bytesPerSecond);

    /// <summary>Seconds that the busiest parameter silo's link takes for the partial sums.</summary>
    public double Receive(int partialSums) => FloatBytes * partialSums * _siloParameters / _bytesPerSecond;

    /// <summary>Seconds that the largest slice's grain adds.</summary>
    public double Add(int partialSums) => partialSums * _sliceParameters / _cluster.AddsPerSecond;

    /// <summary>Seconds of the run grain's turns: a lease and its answer per worker, and the embeddings that pass through it.</summary>
    public double Lead(int workers)
    {
        var messages = _cluster.EmbeddingFloats > 0 ? 4 : 2;
        return (messages * workers * _cluster.MessageSeconds) + (2 * EmbeddingBytes / _bytesPerSecond);
    }

    /// <summary>Seconds from the complete gradient to the announced step.</summary>
    public double Commit => (2 * _cluster.RoundTrip) + (_sliceParameters / _cluster.UpdatesPerSecond) + _cluster.LedgerSeconds;

    public double EmbeddingBytes => FloatBytes * _cluster.EmbeddingFloats * _cluster.EffectiveBatch;

    /// <summary>Bytes over a worker's link in a step, both directions.</summary>
    public double WorkerBytes(double partialSums, int workers) => (FloatBytes * _parameters * (1 + partialSums)) + (2 * EmbeddingBytes / workers);

    /// <summary>DESIGN's bound on them: what a ring would move, and the embeddings.</summary>
    public double WorkerBound(int workers) => (2 * FloatBytes * _parameters * Math.Max(1, workers - 1) / workers) + (2 * EmbeddingBytes / workers);

    /// <summary>Bytes over the busiest parameter silo's link in a step, both directions.</summary>
    public double SiloBytes(int partialSums, int workers) => FloatBytes * _siloParameters * (workers + partialSums);

    /// <summary>Messages that wait at once for the largest slice's grain when all workers end together.</summary>
    public static int Queue(int workers) => workers;

    /// <summary>Elements on the fullest silo when each next slice goes to the emptiest.</summary>
    private static double Spread(ParameterLayout layout, int silos)
    {
        var held = new double[Math.Min(silos, layout.Slices.Count)];
        foreach (var slice in layout.Slices.OrderByDescending(s => s.Length))
            held[Array.IndexOf(held, held.Min())] += slice.Length;
        return held.Max();
    }
}
