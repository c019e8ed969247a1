namespace SslOrleans.Grains.Lifelines;

/// <summary>
/// Tells that the connection which another silo keeps open while it lives has broken, usually because its process ended. The kernel
/// knows that at once, where membership needs unanswered probes.
/// </summary>
/// <remarks>
/// A broken lifeline is no proof: a network may have failed. Whoever listens moves work, which is harmless when the silo lives, since
/// both computations of a micro-batch have the same bits.
/// </remarks>
public interface ILifelines
{
    /// <summary>The name of the silo whose lifeline broke; raised on any thread.</summary>
    event Action<string>? Broken;
}
