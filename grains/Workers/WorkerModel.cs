using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Devices;
using SslOrleans.Grains.State;
using SslOrleans.Grains.Transfer;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Workers;

/// <summary>A worker's networks and images for one run, and the lane on which their tensors are touched.</summary>
internal sealed class WorkerModel
{
    private readonly IWorkerEnvironment _environment;
    private readonly int _index;

    private WorkerModel(RunBrief run, Recipe recipe, IWorkerEnvironment environment, int index, Lane lane, Replica replica, ITrainingData data)
    {
        (Run, _environment, _index, Lane, Replica, Data) = (run, environment, index, lane, replica, data);
        Plan = new RunPlan(recipe, data.Samples);
        MethodCatalog.CheckSamples(recipe, replica.Method, data.Samples);
    }

    public RunBrief Run { get; }

    public RunPlan Plan { get; }

    public Lane Lane { get; }

    public Replica Replica { get; }

    public ITrainingData Data { get; }

    public IMethod Method => Replica.Method;

    /// <summary>Builds the networks and opens the data.</summary>
    /// <param name="run">The run.</param>
    /// <param name="environment">What the silo has.</param>
    /// <param name="index">The worker's device.</param>
    /// <param name="turn">Taken by whichever lane of the device computes.</param>
    public static async Task<WorkerModel> Open(RunBrief run, IWorkerEnvironment environment, int index, SemaphoreSlim turn)
    {
        var recipe = RecipeReader.Parse(run.Recipe, where: run.Run);
        var data = await Task.Run(() => environment.Open(recipe, run.DataPath));
        var lane = new Lane($"{run.Run} on device {index}", turn);
        var replica = await lane.Open(() => new Replica(recipe, environment.Device(index)));
        return new WorkerModel(run, recipe, environment, index, lane, replica, data);
    }

    /// <param name="payloads">Keeps the state's initial values; null: only what they are like.</param>
    public RunShape Describe(PayloadStore? payloads)
    {
        // First values are drawn, which takes a while where there are many: a worker that joins later is only asked what they are like.
        var state = payloads is not null
            ? StateBlocks.Values(new StateStore(Method.State, Replica.Recipe.Seed, Data.Samples), payloads)
            : [.. Method.State.Select(s => new StateValue(s.Name, s.Kind, s.ShapeFor(Data.Samples), 0, Payload.Nothing))];
        return new RunShape(
            [.. Replica.Layout.Entries],
            Data.Samples,
            Data.Fingerprint,
            Method.Coupled,
            [.. Method.Carried],
            state)
        {
            Notes = [.. Data.Notes, .. Replica.StartNote is { } note ? new[] { note } : []],
        };
    }

    /// <summary>Of a micro-batch, or of the effective batch.</summary>
    public StepContext Context(long step, IReadOnlyList<long> sampleIds) => StepContexts.Create(Replica.Recipe, Plan, step, sampleIds, Replica.Device);

    /// <summary>Of the whole effective batch.</summary>
    public StepContext Context(long step) => Context(step, Data.SampleIds(Plan.FirstPosition(step), Plan.EffectiveBatch));

    /// <summary>Tells the silo that a gradient was computed.</summary>
    public void Computed(long step, int microBatch, float[] gradient) => _environment.Computed(_index, step, microBatch, gradient);
}
