using Orleans;
using Orleans.Concurrency;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Contracts.Grains;

/// <summary>
/// One model replica on one device. Key: silo/device. It computes on its own thread and answers while it computes.
/// It lives on the silo that its key names and refuses to wake up elsewhere.
/// </summary>
[Alias("SslOrleans.IWorkerGrain")]
public interface IWorkerGrain : IGrainWithStringKey
{
    /// <summary>Makes the replica, joins the pool. Called by the worker's own silo.</summary>
    Task<WorkerInfo> Join();

    /// <summary>Hands back open micro-batches and leaves the pool.</summary>
    Task Leave();

    /// <summary>Builds the networks and tells their shape; with <paramref name="load"/> also puts the initial values into the slices.</summary>
    [ResponseTimeout("00:10:00")]
    Task<RunShape> Prepare(RunBrief run, bool load);

    /// <summary>
    /// Forward passes of the leased micro-batches; of an uncoupled method also the backward passes, whose sums are pushed
    /// to the slices before the answer.
    /// </summary>
    [ResponseTimeout("00:10:00")]
    Task<LeaseResult> Compute(Lease lease);

    /// <summary>Backward passes of micro-batches that were encoded before; sums are pushed to the slices before the answer.</summary>
    [ResponseTimeout("00:10:00")]
    Task<WorkTimes> Backprop(BackpropOrder order);

    /// <summary>Loss and embedding gradients on the whole effective batch, and the state's advance.</summary>
    [ResponseTimeout("00:10:00")]
    Task<CoupleResult> Couple(CoupleOrder order);

    /// <summary>Drops what is open of steps up to this one.</summary>
    [OneWay]
    Task Abandon(string run, long step);

    /// <summary>Weighted kNN of the version on the recipe's two splits.</summary>
    [ResponseTimeout("00:10:00")]
    Task<ProbeResult> Probe(RunBrief run, long version);

    [AlwaysInterleave]
    Task<WorkerInfo> Describe();
}

/// <summary>Who is here. Key: "workers". Workers register again after a loss, so it keeps nothing.</summary>
[Alias("SslOrleans.IWorkerPoolGrain")]
public interface IWorkerPoolGrain : IGrainWithStringKey
{
    const string Key = "workers";

    /// <summary>Joins, or says that it is still here.</summary>
    Task Register(WorkerInfo worker);

    /// <summary>Leaves cleanly.</summary>
    Task Leave(string worker, string life);

    /// <summary>A caller saw it fail; it is gone until it registers again.</summary>
    Task Suspect(string worker, string life, string why);

    Task<WorkerInfo[]> Live();
}
