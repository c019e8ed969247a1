using SslOrleans.Contracts;

namespace SslOrleans.Grains.Simulation;

/// <summary>A cluster and a run that are simulated. What is measured, not chosen, says where its value comes from.</summary>
public sealed record SimulatedCluster
{
    /// <summary>Worker silos, each with a link of its own.</summary>
    public int Workers { get; init; } = 256;

    /// <summary>Silos that hold the slices; they are safe machines and compute nothing.</summary>
    public int ParameterSilos { get; init; } = 16;

    public string Model { get; init; } = "vit-b";

    /// <summary>workers.slices of the recipe.</summary>
    public int Slices { get; init; } = 64;

    /// <summary>Images in an effective batch.</summary>
    public int EffectiveBatch { get; init; } = 8192;

    /// <summary>Images in a micro-batch. With eight of them a worker, one worker that is missing makes a step an eighth longer, not half.</summary>
    public int MicroBatch { get; init; } = 4;

    /// <summary>Forward and backward of all views, images per second of one worker; `sslo bench train` measures it.</summary>
    public double ImagesPerSecond { get; init; } = 400;

    /// <summary>Standard deviation of the workers' speeds, of their mean.</summary>
    public double Spread { get; init; } = 0.03;

    /// <summary>Bits per second of each link, in each direction.</summary>
    public double Bandwidth { get; init; } = 25e9;

    /// <summary>Seconds from one silo to another and back.</summary>
    public double RoundTrip { get; init; } = 0.0003;

    /// <summary>Floats of embedding that an image leaves for coupling; 0 for a method whose loss is a mean over images.</summary>
    public int EmbeddingFloats { get; init; }

    /// <summary>Mean time between failures of one worker, in seconds; 0: none fails.</summary>
    public double MeanTimeBetweenFailures { get; init; } = 24 * 3600;

    /// <summary>Seconds until a lost worker is noticed; docs/cluster.md has the measured value.</summary>
    public double Notice { get; init; } = 1;

    /// <summary>Seconds until another takes its place, networks built.</summary>
    public double Replacement { get; init; } = 120;

    /// <summary>Seconds that are simulated.</summary>
    public double Duration { get; init; } = 24 * 3600;

    /// <summary>Seconds of the run grain for one message; `sslo bench actors` measures it.</summary>
    public double MessageSeconds { get; init; } = 30e-6;

    /// <summary>Values that one parameter grain adds per second.</summary>
    public double AddsPerSecond { get; init; } = 1.2e9;

    /// <summary>Values that the optimiser of one parameter grain updates per second.</summary>
    public double UpdatesPerSecond { get; init; } = 0.25e9;

    /// <summary>Seconds of a ledger append.</summary>
    public double LedgerSeconds { get; init; } = 0.01;

    /// <summary>workers.secondLeaseFactor of the recipe.</summary>
    public double SecondLeaseFactor { get; init; } = 3;

    public ulong Seed { get; init; }

    public int MicroBatches => EffectiveBatch / MicroBatch;

    /// <exception cref="UserErrorException">A value makes no sense.</exception>
    public void Check()
    {
        Above(Workers, "--workers");
        Above(ParameterSilos, "--parameter-silos");
        Above(Slices, "--slices");
        Above(MicroBatch, "--micro-batch");
        Above(ImagesPerSecond, "--images-per-second");
        Above(Bandwidth, "--bandwidth");
        Above(Duration, "--for");
        if (EffectiveBatch < MicroBatch || EffectiveBatch % MicroBatch != 0)
            throw new UserErrorException($"--batch is {EffectiveBatch}, no multiple of --micro-batch {MicroBatch}; give one.");
        if (Spread is < 0 or > 0.5)
            throw new UserErrorException(FormattableString.Invariant($"--spread is {Spread}; give 0 to 0.5."));
        if (MeanTimeBetweenFailures < 0 || Notice < 0 || Replacement < 0 || EmbeddingFloats < 0)
            throw new UserErrorException("--mtbf, --notice, --replacement and --embedding may not be below 0.");

        static void Above(double value, string option)
        {
            if (!(value > 0))
                throw new UserErrorException(FormattableString.Invariant($"{option} is {value}; give a number above 0."));
        }
    }
}
