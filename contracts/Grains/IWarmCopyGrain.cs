using Orleans.Concurrency;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Contracts.Grains;

/// <summary>
/// The warm copies that a silo keeps of a run: slices with their teachers, and method state, whose own silo may die. Key: silo/run.
/// A copy takes the same sum and applies it with the same code, so it has the same bits without being sent them.
/// </summary>
[Alias("SslOrleans.IWarmCopyGrain")]
public interface IWarmCopyGrain : IGrainWithStringKey
{
    /// <summary>Begins the copy of a slice, which is whole when every vector was filled in.</summary>
    Task Begin(SliceOrigin origin, SliceStand stand);

    /// <summary>A vector's float32 values.</summary>
    [ResponseTimeout("00:02:00")]
    Task Fill(int slice, string vector, Payload values);

    /// <summary>The complete sum of a step. A copy that has it can apply the step without any worker.</summary>
    [AlwaysInterleave]
    [ResponseTimeout("00:02:00")]
    Task Prepare(int slice, long step, Payload sum);

    /// <summary>
    /// XXH128 of the prepared sum, hexadecimal; empty when the copy's values are no longer those of its last commit, or the sum is not whole.
    /// </summary>
    [ResponseTimeout("00:02:00")]
    Task<string> Check(int slice, long step);

    /// <summary>What is about to be committed; see <see cref="StepIntent"/>.</summary>
    Task Intend(int slice, StepIntent intent);

    /// <summary>Applies the prepared step; a repeated call returns the first one's result.</summary>
    /// <exception cref="StateLostException">There is no whole copy, or it lacks the sum.</exception>
    [ResponseTimeout("00:02:00")]
    Task<SliceCommit> Apply(int slice, StepSchedule rates, double clip);

    /// <summary>
    /// Where the copy of a slice stands; <see cref="SliceStand.Version"/> is −1 when there is none. With workers.verify a copy whose values
    /// are no longer those of its last commit is dropped, for nobody to take it over.
    /// </summary>
    [AlwaysInterleave]
    Task<SliceStand> Find(int slice);

    /// <summary>What a new holder of the slice must know before it reads.</summary>
    Task<SliceOrigin> Origin(int slice);

    /// <summary>A vector of the copy at a version; the vector <see cref="SliceOrigin.Sum"/> is the prepared sum.</summary>
    /// <exception cref="OutdatedException">The copy is at another version.</exception>
    Task<Payload> Read(int slice, long version, string vector);

    /// <summary>Begins the copy of method state of a kind.</summary>
    Task PutState(string kind, StateCopy copy);

    /// <exception cref="StateLostException">There is no copy.</exception>
    Task AdvanceState(string kind, StateStep step);

    /// <summary>The copy of method state; null when there is none.</summary>
    Task<StateCopy?> FindState(string kind);

    /// <summary>Forgets copies that a restored checkpoint made obsolete: of a slice, or of a kind of state.</summary>
    Task Drop(int slice, string kind);

    /// <summary>What it holds, for people.</summary>
    [AlwaysInterleave]
    Task<WarmCopyFacts> GetState();
}

/// <summary>What a slice is made of, besides its values.</summary>
[GenerateSerializer]
[Alias("SslOrleans.SliceOrigin")]
public sealed record SliceOrigin(
    [property: Id(0)] int Slice,
    [property: Id(1)] string Recipe,
    [property: Id(2)] TensorEntry[] Tensors)
{
    /// <summary>Name of the prepared sum among the vectors.</summary>
    public const string Sum = "sum";
}

/// <summary>Where a slice stands.</summary>
/// <param name="Version">Commits in it; −1 when it holds nothing.</param>
/// <param name="Hash">XXH128 of its parameters, hexadecimal.</param>
/// <param name="Last">What its last commit told; null when none was made here.</param>
/// <param name="Prepared">Step whose complete sum it has; −1 without one.</param>
/// <param name="Intent">Of the first slice: what was about to be committed last.</param>
[GenerateSerializer]
[Alias("SslOrleans.SliceStand")]
public sealed record SliceStand(
    [property: Id(0)] long Version,
    [property: Id(1)] string Hash,
    [property: Id(2)] SliceCommit? Last,
    [property: Id(3)] long Prepared,
    [property: Id(4)] StepIntent? Intent)
{
    /// <summary>Why a copy was dropped instead of being taken over, for people; empty otherwise.</summary>
    [Id(5)]
    public string Trouble { get; init; } = "";

    public static SliceStand Nothing { get; } = new(-1, "", null, -1, null);
}

/// <summary>
/// A step that every slice has the sum of, before the first of them applies it. Whoever leads the run from then on can conclude the
/// step with it: neither the loss nor the credit of the workers has to be computed again.
/// </summary>
/// <param name="Rates">What the schedules say.</param>
/// <param name="Clip">Factor on the gradient.</param>
/// <param name="Advance">Changes of the method's state.</param>
/// <param name="Entry">The step's line of the ledger without the hash, JSON.</param>
[GenerateSerializer]
[Alias("SslOrleans.StepIntent")]
public sealed record StepIntent(
    [property: Id(0)] StepSchedule Rates,
    [property: Id(1)] double Clip,
    [property: Id(2)] StateChangeBlock[] Advance,
    [property: Id(3)] string Entry);

/// <summary>Method state of a kind as a copy holds it.</summary>
[GenerateSerializer]
[Alias("SslOrleans.StateCopy")]
public sealed record StateCopy(
    [property: Id(0)] long Version,
    [property: Id(1)] StateValue[] Values);
