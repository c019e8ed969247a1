using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Training;
using static TorchSharp.torch;

namespace SslOrleans.Grains.Devices;

/// <summary>What a silo gives its workers.</summary>
public interface IWorkerEnvironment
{
    /// <summary>The device of worker number <paramref name="index"/> of this silo.</summary>
    Device Device(int index);

    /// <summary>libtorch version, device type, instruction set, threads per worker: bits are promised within one class.</summary>
    string NumericsClass(int index);

    /// <summary>
    /// Told each gradient that a worker has computed, before it is added. A silo leaves it alone; a test's silo flips a bit here, as a
    /// faulty processor or memory would.
    /// </summary>
    void Computed(int index, long step, int microBatch, Span<float> gradient)
    {
    }

    /// <summary>Opens the images of a run; shared by the workers of a process.</summary>
    ITrainingData Open(Recipe recipe, string dataPath);
}
