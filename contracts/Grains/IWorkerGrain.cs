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

    /// <summary>Computes a micro-batch that another worker has computed, for comparison; nothing is pushed.</summary>
    [ResponseTimeout("00:10:00")]
    Task<VerifyResult> Verify(VerifyOrder order);

    /// <summary>The views of a micro-batch as a safetensors file: for a step that failed.</summary>
    [ResponseTimeout("00:10:00")]
    Task<Payload> Views(RunBrief run, long step, int microBatch);

    /// <summary>Drops what is open of this try at a step.</summary>
    [OneWay]
    Task Abandon(string run, long attempt);

    /// <summary>The images that probes of this run look at.</summary>
    [ResponseTimeout("00:10:00")]
    Task<EvaluationImages> Images(RunBrief run);

    /// <summary>float32 features of a block of images, on a thread of lowest priority and with networks of its own.</summary>
    [ResponseTimeout("00:30:00")]
    Task<Immutable<byte[]>> Features(FeatureLease block);

    /// <summary>Runs probes on the evaluator's features, on the same thread.</summary>
    [ResponseTimeout("01:00:00")]
    Task<EvaluationResult> Probe(ProbeLease probes);

    /// <summary>What it holds, for people.</summary>
    [AlwaysInterleave]
    Task<WorkerFacts> GetState();
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
