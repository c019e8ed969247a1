using System.Text.Json.Serialization;

namespace SslOrleans.Contracts.Messages;

// What a grain's GetState() answers: a few facts for people, made when somebody looks and kept nowhere. Orleans' dashboard shows what a
// method of that name answers; the product's own page shows the same. Numbers are finite, since both write them as JSON.

/// <summary>A run at a glance.</summary>
/// <param name="Phase">Where it stands.</param>
/// <param name="Method">SSL method.</param>
/// <param name="Step">Committed steps: its position in the ledger.</param>
/// <param name="TotalSteps">Steps that the recipe asks for; 0 while unknown.</param>
/// <param name="Epoch">Passes over the data.</param>
/// <param name="Loss">Of the last step; null before the first.</param>
/// <param name="WeightsHash">Of the last commit, as in the ledger.</param>
/// <param name="LastCheckpoint">Step of it; null before the first.</param>
/// <param name="Workers">Each with what it does.</param>
/// <param name="WarmCopies">Slice by slice the silo that has its warm copy; empty without one.</param>
/// <param name="WaitsFor">What the next commit needs.</param>
[GenerateSerializer]
[Alias("SslOrleans.RunFacts")]
public sealed record RunFacts(
    [property: Id(0), JsonConverter(typeof(JsonStringEnumConverter<RunPhase>))] RunPhase Phase,
    [property: Id(1)] string Method,
    [property: Id(2)] long Step,
    [property: Id(3)] long TotalSteps,
    [property: Id(4)] double Epoch,
    [property: Id(5)] float? Loss,
    [property: Id(6)] string WeightsHash,
    [property: Id(7)] long? LastCheckpoint,
    [property: Id(8)] string[] Workers,
    [property: Id(9)] string WarmCopies,
    [property: Id(10)] string WaitsFor);

/// <summary>A slice of the parameters at a glance.</summary>
/// <param name="Version">Commits in it; −1 when it holds nothing.</param>
/// <param name="Hash">XXH128 of its parameters, hexadecimal. The hash in the ledger is made of those of the slices.</param>
/// <param name="Tensors">Whole tensors in it.</param>
/// <param name="Bytes">Of parameters and optimiser state.</param>
/// <param name="Norm">Euclidean norm of the parameters.</param>
/// <param name="WarmCopy">Silo that has it, and the teacher's with it; empty without one.</param>
/// <param name="WaitsFor">What its next commit needs.</param>
[GenerateSerializer]
[Alias("SslOrleans.SliceFacts")]
public sealed record SliceFacts(
    [property: Id(0)] long Version,
    [property: Id(1)] string Hash,
    [property: Id(2)] int Tensors,
    [property: Id(3)] long Bytes,
    [property: Id(4)] double? Norm,
    [property: Id(5)] string WarmCopy,
    [property: Id(6)] string WaitsFor);

/// <summary>A slice of the EMA teacher at a glance.</summary>
/// <param name="Version">Commits in it; −1 when it holds nothing.</param>
/// <param name="Hash">XXH128 of its values, hexadecimal.</param>
/// <param name="Tensors">Tensors that follow the student.</param>
/// <param name="Bytes">Of its values.</param>
/// <param name="Norm">Euclidean norm of its values.</param>
/// <param name="Momentum">Of the last step.</param>
/// <param name="DistanceToStudent">Euclidean, after the last step.</param>
/// <param name="WaitsFor">What its next commit needs.</param>
[GenerateSerializer]
[Alias("SslOrleans.TeacherFacts")]
public sealed record TeacherFacts(
    [property: Id(0)] long Version,
    [property: Id(1)] string Hash,
    [property: Id(2)] int Tensors,
    [property: Id(3)] long Bytes,
    [property: Id(4)] double? Norm,
    [property: Id(5)] double Momentum,
    [property: Id(6)] double? DistanceToStudent,
    [property: Id(7)] string WaitsFor);

/// <summary>Negative queues, or a method's other state, at a glance.</summary>
/// <param name="Version">Commits in it; −1 when it holds nothing.</param>
/// <param name="Bytes">Of all its values.</param>
/// <param name="WarmCopy">Silo that has it; empty without one.</param>
/// <param name="WaitsFor">What its next commit needs.</param>
/// <param name="Values">One for each name.</param>
[GenerateSerializer]
[Alias("SslOrleans.MethodStateFacts")]
public sealed record MethodStateFacts(
    [property: Id(0)] long Version,
    [property: Id(1)] long Bytes,
    [property: Id(2)] string WarmCopy,
    [property: Id(3)] string WaitsFor,
    [property: Id(4)] StateValueFacts[] Values);

/// <summary>A named state of a method at a glance.</summary>
/// <param name="Name">As the method calls it.</param>
/// <param name="Kind">queue, value or bank.</param>
/// <param name="Shape">Rows first.</param>
/// <param name="Hash">XXH128 of its values, hexadecimal.</param>
/// <param name="Norm">Euclidean norm of all values.</param>
/// <param name="Filled">Rows that hold something pushed; null for what is no queue.</param>
/// <param name="Pushed">Rows that were ever pushed; null for what is no queue.</param>
/// <param name="OldestAge">Steps since the oldest row was pushed; null while unknown and for what is no queue.</param>
[GenerateSerializer]
[Alias("SslOrleans.StateValueFacts")]
public sealed record StateValueFacts(
    [property: Id(0)] string Name,
    [property: Id(1)] string Kind,
    [property: Id(2)] long[] Shape,
    [property: Id(3)] string Hash,
    [property: Id(4)] double? Norm,
    [property: Id(5)] long? Filled,
    [property: Id(6)] long? Pushed,
    [property: Id(7)] long? OldestAge);

/// <summary>The warm copies that a silo keeps of a run, at a glance.</summary>
/// <param name="Versions">By name: a slice, or a kind of method state. −1 for a copy that is not whole yet.</param>
[GenerateSerializer]
[Alias("SslOrleans.WarmCopyFacts")]
public sealed record WarmCopyFacts([property: Id(0)] Dictionary<string, long> Versions);

/// <summary>A shard at a glance.</summary>
/// <param name="Shard">Its name in the data set.</param>
/// <param name="Location">Where the data set is.</param>
/// <param name="Version">Of the shard, as last asked for; empty before.</param>
/// <param name="IndexBytes">Of the index; null while it is made.</param>
/// <param name="BytesServed">To workers that cannot reach the storage, since this grain woke up.</param>
/// <param name="WaitsFor">Empty when the index is there.</param>
[GenerateSerializer]
[Alias("SslOrleans.ShardFacts")]
public sealed record ShardFacts(
    [property: Id(0)] string Shard,
    [property: Id(1)] string Location,
    [property: Id(2)] string Version,
    [property: Id(3)] long? IndexBytes,
    [property: Id(4)] long BytesServed,
    [property: Id(5)] string WaitsFor);

/// <summary>An evaluator at a glance.</summary>
/// <param name="Version">Under evaluation; null when none is.</param>
/// <param name="Hash">Of its weights, as in the ledger.</param>
/// <param name="Probes">What is measured on it.</param>
/// <param name="Later">Versions that wait behind it.</param>
/// <param name="Bytes">Of the copies of weights.</param>
/// <param name="WaitsFor">What the results of the version need.</param>
[GenerateSerializer]
[Alias("SslOrleans.EvaluatorFacts")]
public sealed record EvaluatorFacts(
    [property: Id(0)] long? Version,
    [property: Id(1)] string Hash,
    [property: Id(2)] string[] Probes,
    [property: Id(3)] long[] Later,
    [property: Id(4)] long Bytes,
    [property: Id(5)] string WaitsFor);

/// <summary>A worker at a glance.</summary>
/// <param name="Device">cpu, cuda:0 …</param>
/// <param name="NumericsClass">Whose bits it computes.</param>
/// <param name="ProcessId">On its machine.</param>
/// <param name="Machine">Host name.</param>
/// <param name="Life">New for every life of the process.</param>
/// <param name="Runs">Runs that it has replicas of.</param>
[GenerateSerializer]
[Alias("SslOrleans.WorkerFacts")]
public sealed record WorkerFacts(
    [property: Id(0)] string Device,
    [property: Id(1)] string NumericsClass,
    [property: Id(2)] int ProcessId,
    [property: Id(3)] string Machine,
    [property: Id(4)] string Life,
    [property: Id(5)] string[] Runs);
