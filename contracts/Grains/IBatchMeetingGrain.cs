using Orleans.Concurrency;

namespace SslOrleans.Contracts.Grains;

/// <summary>
/// Where the micro-batches of a step meet for synchronised batch norm (cookbook §3.8.1): sums over the effective batch, in tree order.
/// Key: run. It holds one step; when it is lost, the step is computed again from the last checkpoint.
/// </summary>
[Alias("SslOrleans.IBatchMeetingGrain")]
public interface IBatchMeetingGrain : IGrainWithStringKey
{
    /// <summary>A try at a step begins: who waits for another one gets an <see cref="OutdatedException"/>. Repeating the call changes nothing.</summary>
    Task Open(long step, long attempt, int microBatches);

    /// <summary>Brings a micro-batch's sums (float64) to a meeting; answers with the total when all micro-batches have come.</summary>
    /// <exception cref="OutdatedException">The step is over.</exception>
    /// <exception cref="StateLostException">The grain's silo died within the step.</exception>
    [ResponseTimeout("00:10:00")]
    Task<Immutable<byte[]>> Bring(long step, long attempt, int meeting, int microBatch, Immutable<byte[]> values);
}
