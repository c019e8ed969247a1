using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Methods;

/// <summary>What a method draws for a sample: a label of a pretext task, noise, rows of a bank. The same whoever computes the sample.</summary>
internal static class Draws
{
    /// <summary>The generator of one draw of a sample in this epoch.</summary>
    public static RandomStream Of(StepContext step, long sampleId, int draw) => new(step.Seed, Purpose.MethodState, step.Epoch, sampleId, draw);

    /// <summary>0 … K−1 in a random order.</summary>
    public static int[] Order(int count, ref RandomStream random)
    {
        var order = Enumerable.Range(0, count).ToArray();
        for (var i = count - 1; i > 0; i--)
        {
            var j = (int)random.NextUInt32((uint)(i + 1));
            (order[i], order[j]) = (order[j], order[i]);
        }

        return order;
    }
}
