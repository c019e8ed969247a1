using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using SslOrleans.Contracts.Messages;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Parameters;

/// <summary>What a slice and its warm copy do with a complete sum: the same code, so both have the same bits.</summary>
internal static class SliceCommits
{
    /// <summary>Σ g² and max |g| of the sum, before anything is applied.</summary>
    public static SliceCommit Measure(SliceState state, ReadOnlySpan<float> sum)
        => new(state.Version, "", state.GradientSquares(sum), state.GradientMaximum(sum));

    /// <summary>Applies the optimiser; <paramref name="sum"/> is used up.</summary>
    public static SliceCommit Apply(SliceState state, SliceCommit measured, StepSchedule schedule, double clip, Span<float> sum)
    {
        state.Apply(schedule, sum, clip);
        return measured with { Version = state.Version, Hash = Hash(state) };
    }

    /// <summary>XXH128 of all that a state and its teacher hold, hexadecimal: a bit of it that changes between two commits shows here.</summary>
    public static string Digest(SliceState state, TeacherState? teacher)
    {
        var hash = new XxHash128();
        foreach (var values in state.OptimizerState.Select(o => o.Values).Prepend(state.Parameters))
            hash.Append(MemoryMarshal.AsBytes(values.AsSpan()));
        if (teacher is not null)
            hash.Append(MemoryMarshal.AsBytes(teacher.Values.AsSpan()));
        return hash.GetCurrentHashAsUInt128().ToString("x32", CultureInfo.InvariantCulture);
    }

    /// <summary>XXH128 of the parameters, hexadecimal.</summary>
    public static string Hash(SliceState state) => state.Hash().ToString("x32", CultureInfo.InvariantCulture);
}
