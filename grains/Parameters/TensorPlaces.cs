using SslOrleans.Contracts.Messages;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Parameters;

/// <summary>The layout as it travels and as learning knows it.</summary>
internal static class TensorPlaces
{
    public static TensorPlace[] Of(IEnumerable<TensorEntry> entries)
        => [.. entries.Select(e => new TensorPlace(e.Name, [.. e.Shape], e.Offset, e.Length, (int)e.Kind, e.Followed))];

    public static List<TensorEntry> Entries(IEnumerable<TensorPlace> places)
        => [.. places.Select(p => new TensorEntry(p.Name, p.Shape, p.Offset, p.Length, (TensorKind)p.Kind, p.Followed))];

    /// <summary>The slice that a grain with the key run/slice holds.</summary>
    public static LayoutSlice Slice(string key, TensorPlace[] places)
    {
        var entries = Entries(places);
        return new LayoutSlice(int.Parse(key[(key.LastIndexOf('/') + 1)..], System.Globalization.CultureInfo.InvariantCulture), entries[0].Offset, entries.Sum(e => e.Length), entries);
    }

    public static StepSchedule Schedule(StepRates rates)
        => new(rates.Step, rates.LearningRate, rates.BaseRate, rates.WeightDecay, rates.TeacherMomentum, rates.StillSteps);

    public static StepRates Rates(StepSchedule schedule)
        => new(schedule.Step, schedule.LearningRate, schedule.BaseRate, schedule.WeightDecay, schedule.TeacherMomentum, schedule.StillSteps);
}
