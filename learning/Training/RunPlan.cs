using SslOrleans.Contracts.Recipes;
using SslOrleans.Contracts;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Optim;

namespace SslOrleans.Learning.Training;

/// <summary>What of a step is computed a second time and compared.</summary>
/// <param name="MicroBatches">Numbers of micro-batches, ascending.</param>
/// <param name="Coupling">The loss on the effective batch too, for methods that have it.</param>
public sealed record DrawnWork(IReadOnlyList<int> MicroBatches, bool Coupling);

/// <summary>The arithmetic of a run: its length, its micro-batches, its schedules. Pure functions of recipe and data set size.</summary>
public sealed class RunPlan
{
    private readonly Recipe _recipe;
    private readonly long _still;
    private readonly long _warmup;
    private readonly double _baseRate;

    /// <exception cref="UserErrorException">The batch is larger than the data set.</exception>
    public RunPlan(Recipe recipe, long samples)
    {
        if (recipe.Batch.Effective > samples)
        {
            throw new UserErrorException(
                $"batch.effective is {recipe.Batch.Effective}, but the data set has only {samples} images; make the batch smaller or bring more images.");
        }

        _recipe = recipe;
        Samples = samples;
        TotalSteps = recipe.Steps > 0 ? recipe.Steps : Math.Max(1, (long)(recipe.Epochs * samples / recipe.Batch.Effective));
        _still = (long)Math.Ceiling(recipe.Schedule.StillEpochs * samples / recipe.Batch.Effective);
        if (_still > 0 && _still >= TotalSteps)
            throw new UserErrorException($"schedule.stillEpochs is {recipe.Schedule.StillEpochs}, {_still} steps, and the run has {TotalSteps}: no weight would move; make it shorter or the run longer.");
        _warmup = Schedules.WarmupSteps(recipe.Schedule, TotalSteps, (double)samples / recipe.Batch.Effective);
        _baseRate = Schedules.Scale(recipe.Optimizer, recipe.Batch.Effective);
    }

    /// <summary>Samples in an epoch.</summary>
    public long Samples { get; }

    public long TotalSteps { get; }

    public int EffectiveBatch => _recipe.Batch.Effective;

    public int MicroBatch => _recipe.Batch.Micro;

    public int MicroBatches => _recipe.Batch.MicroBatches;

    /// <summary>First position of a step in the endless order of samples: position p is sample p mod N of epoch p / N.</summary>
    public long FirstPosition(long step) => step * EffectiveBatch;

    /// <summary>First position of a micro-batch.</summary>
    public long FirstPosition(long step, int microBatch) => FirstPosition(step) + ((long)microBatch * MicroBatch);

    /// <summary>Epoch of a step's first sample.</summary>
    public long Epoch(long step) => FirstPosition(step) / Samples;

    /// <summary>What a second worker computes too: each micro-batch, and the coupling, with the probability workers.verify. A replay draws the same.</summary>
    public DrawnWork Drawn(long step)
    {
        var draws = new RandomStream(_recipe.Seed, Purpose.Verification, step, 0, 0);
        bool[] drawn = [.. Enumerable.Range(0, MicroBatches + 1).Select(_ => draws.NextSingle() < _recipe.Workers.Verify)];
        return new DrawnWork([.. Enumerable.Range(0, MicroBatches).Where(m => drawn[m])], drawn[MicroBatches]);
    }

    public StepSchedule Schedule(long step) => new(
        step,
        _baseRate * Schedules.Factor(_recipe.Schedule, Math.Max(0, step - _still), TotalSteps - _still, _warmup),
        _baseRate,
        Schedules.WeightDecay(_recipe.Optimizer, step, TotalSteps),
        Schedules.TeacherMomentum(_recipe.Teacher, step, TotalSteps),
        _still);
}
