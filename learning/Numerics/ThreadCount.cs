using static TorchSharp.torch;

namespace SslOrleans.Learning.Numerics;

/// <summary>How many threads libtorch computes with on the calling thread; bits depend on it.</summary>
public static class ThreadCount
{
    /// <summary>
    /// Sets it, for the calling thread for good and for threads that begin later. libtorch's own call alone does not hold on a thread that has never
    /// computed: at its first computation such a thread takes the last number that any thread of the process has set.
    /// </summary>
    /// <param name="threads">At least 1.</param>
    public static void Set(int threads)
    {
#pragma warning disable RS0030 // This is the place for torch.set_num_threads.
        // To ask is the first computation.
        _ = get_num_threads();
        set_num_threads(threads);
#pragma warning restore RS0030
    }
}
