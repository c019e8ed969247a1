namespace SslOrleans.Contracts.Steps;

/// <summary>What the schedules say for one step; the same for every slice.</summary>
/// <param name="Step">The step.</param>
/// <param name="LearningRate">Scheduled.</param>
/// <param name="BaseRate">Before warm-up and decay.</param>
/// <param name="WeightDecay">Scheduled.</param>
/// <param name="TeacherMomentum">Of the EMA.</param>
/// <param name="StillSteps">Steps at the start in which no weight moves; an optimiser counts its own steps from then on.</param>
[GenerateSerializer]
[Alias("SslOrleans.StepSchedule")]
public sealed record StepSchedule(
    [property: Id(0)] long Step,
    [property: Id(1)] double LearningRate,
    [property: Id(2)] double BaseRate,
    [property: Id(3)] double WeightDecay,
    [property: Id(4)] double TeacherMomentum,
    [property: Id(5)] long StillSteps = 0)
{
    /// <summary>Statistics and the method's state advance, weights do not.</summary>
    public bool IsStill => Step < StillSteps;
}
