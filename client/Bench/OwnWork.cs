using System.Globalization;
using SslOrleans.Client.Cluster;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Augment;

namespace SslOrleans.Client.Bench;

/// <summary>What the sides of a training measurement do.</summary>
/// <param name="Backbone">conv4, resnet18 or vit-ti.</param>
/// <param name="Batch">Effective batch, images.</param>
/// <param name="Lanes">Replicas, each on a thread of its own.</param>
/// <param name="Threads">Threads in all; each lane gets its share in libtorch.</param>
/// <param name="Micro">Images in a micro-batch.</param>
/// <param name="Warm">Steps before the clock starts.</param>
/// <param name="Steps">Steps that are measured.</param>
/// <param name="Precision">float32 or bfloat16.</param>
public sealed record TrainingWork(string Backbone, int Batch, int Lanes, int Threads, int Micro, int Warm, int Steps, string Precision = WorkersRecipe.Float32)
{
    /// <exception cref="UserErrorException">A number does not fit the others.</exception>
    public void Check()
    {
        if (Lanes < 1 || Batch < 1 || Batch % Lanes != 0)
            throw new UserErrorException($"--lanes is {Lanes}; give a divisor of the batch ({Batch}).");
        if (Threads < Lanes)
            throw new UserErrorException($"--threads is {Threads}, fewer than --lanes {Lanes}; give each lane at least one.");
        if (Warm < 1 || Steps < 1)
            throw new UserErrorException($"--warm is {Warm} and --steps {Steps}; give at least 1 of each.");
        if (Micro < 1 || Batch % Micro != 0)
            throw new UserErrorException($"--micro is {Micro}; give a divisor of the batch ({Batch}).");
    }
}

/// <summary>Our side of each measurement, done once in this process.</summary>
public static class OwnWork
{
    /// <summary>
    /// Full SimCLR steps as users run them: grains, ledger and all, with one-thread workers in this process or in processes of their own.
    /// </summary>
    public static async Task<StepBreakdown> Train(TrainingWork work, string data, bool processes, CancellationToken cancellation)
    {
        work.Check();
        var recipe = RecipeOf(work);
        var runs = Directory.CreateTempSubdirectory("sslo-bench-").FullName;
        try
        {
            var request = new TrainingRequest("bench", recipe, data, runs, Workers: processes ? work.Lanes : 0, Device: "cpu");
            await using var session = await GrainTrainingSession.Open(request, cancellation, ownWorkers: processes ? 0 : work.Lanes);
            return await StepBreakdown.Measure(session, work, cancellation);
        }
        finally
        {
            Directory.Delete(runs, recursive: true);
        }
    }

    /// <summary>SimCLR's two views of each image from its JPEG, on one thread: views/s.</summary>
    /// <param name="data">The images; each is decoded when it is used, as the peer does it.</param>
    /// <param name="size">Side of a view: 32 or 224 pixels.</param>
    /// <param name="seconds">How long to measure.</param>
    public static double Augment(string data, int size, double seconds)
        => AugmentBenchmark.Run(data, size == 32 ? AugmentBenchmark.Small : AugmentBenchmark.Large, seconds).ViewsPerSecond;

    /// <summary>simclr-cifar10 as this work trains it; the peers in TorchSharp read the same.</summary>
    /// <exception cref="UserErrorException">A number does not fit the others.</exception>
    public static Recipe RecipeOf(TrainingWork work) => RecipeReader.Read(ProjectFiles.FindRecipe("simclr-cifar10"), [
        $"backbone.name={work.Backbone}",
        $"batch.effective={work.Batch}",
        $"batch.micro={work.Micro}",
        $"workers.threadsPerWorker={work.Threads / work.Lanes}",
        $"workers.precision={work.Precision}",
        $"steps={work.Warm + work.Steps}",
        "evaluation.knn=false",
        string.Create(CultureInfo.InvariantCulture, $"data.limit={Math.Max(2048, work.Batch * (work.Warm + work.Steps))}"),
    ]);
}
