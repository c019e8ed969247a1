using SslOrleans.Contracts.Grains;
using SslOrleans.Grains.Data;
using SslOrleans.Grains.Evaluation;
using SslOrleans.Grains.Parameters;
using SslOrleans.Grains.Runs;
using SslOrleans.Grains.State;
using SslOrleans.Grains.Workers;

namespace SslOrleans.Silo.Dashboard.Watching;

/// <summary>Asks a grain that is awake what it holds: what Orleans' dashboard shows of it too.</summary>
internal static class GrainReader
{
    /// <returns>Null for a class that tells nothing about itself.</returns>
    public static async Task<object?> Read(IGrainFactory grains, string type, string key) => type switch
    {
        nameof(TrainingRunGrain) => await grains.GetGrain<ITrainingRunGrain>(key).GetState(),
        nameof(ParameterGrain) => await grains.GetGrain<IParameterGrain>(key).GetState(),
        nameof(TeacherGrain) => await grains.GetGrain<ITeacherGrain>(key).GetState(),
        nameof(NegativeQueueGrain) => await grains.GetGrain<INegativeQueueGrain>(key).GetState(),
        nameof(MethodStateGrain) => await grains.GetGrain<IMethodStateGrain>(key).GetState(),
        nameof(WarmCopyGrain) => await grains.GetGrain<IWarmCopyGrain>(key).GetState(),
        nameof(WorkerGrain) => await grains.GetGrain<IWorkerGrain>(key).GetState(),
        nameof(EvaluatorGrain) => await grains.GetGrain<IEvaluatorGrain>(key).GetState(),
        nameof(DataShardGrain) => await grains.GetGrain<IDataShardGrain>(key).GetState(),
        _ => null,
    };
}
