using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Methods;

namespace SslOrleans.Learning.Training;

/// <summary>
/// Bytes that a step changes in a method's state: keys that enter a queue, rows of a bank, whole values. Whoever brings them to other replicas does it at
/// once and keeps them until the step is applied, so their number has a bound, which the recipe's keys tell before the first step.
/// </summary>
public static class StateUpdateSize
{
    /// <summary>Well below what a message between processes may have.</summary>
    public const long Most = 64L << 20;

    /// <summary>Bytes of a step, from the state's shapes: a row of a queue or a bank for every image, other values whole.</summary>
    public static long Of(IReadOnlyList<StateSpec> state, int effectiveBatch)
        => state.Sum(s => sizeof(float) * (s.Kind == StateKind.Value ? Elements(s.Shape) : effectiveBatch * Elements(s.Shape.Skip(1))));

    /// <summary>Bytes of a step that has been computed.</summary>
    public static long Of(StateUpdate update) => update.Changes.Sum(c => (sizeof(float) * (long)c.Values.Length) + (sizeof(long) * (long)(c.SampleIds?.Length ?? 0)));

    /// <exception cref="UserErrorException">They are more than <paramref name="most"/>.</exception>
    public static void Check(Recipe recipe, long bytes, long most = Most)
    {
        if (bytes > most)
            throw new UserErrorException(
                $"A step changes {bytes / 1e6:0} MB of the state of {recipe.Method}, and at most {most / 1e6:0} MB fit in a message; make batch.effective ({recipe.Batch.Effective}) "
                + $"or the last width of projector.shape ({recipe.Projector.Shape}) smaller.");
    }

    /// <summary>Rows of unknown number, one per sample of the data set, count once: they are known when the data is.</summary>
    private static long Elements(IEnumerable<long> shape) => shape.Aggregate(1L, (product, size) => product * Math.Max(1, size));
}
