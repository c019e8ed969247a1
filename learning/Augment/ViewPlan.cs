using System.Collections.Immutable;

namespace SslOrleans.Learning.Augment;

/// <summary>Views with the same settings.</summary>
/// <param name="Name">For messages and logs: "global", "local", "teacher".</param>
/// <param name="Count">How many.</param>
/// <param name="Settings">How each is made.</param>
public sealed record ViewGroup(string Name, int Count, ViewSettings Settings);

/// <summary>
/// All views that are made of one sample, group after group; a view's number in this list counts its random draws.
/// Multi-crop (SwAV, cookbook §3.4) is a group of large crops and a group of small ones.
/// </summary>
public sealed class ViewPlan
{
    private readonly ImmutableArray<(ViewGroup Group, int Index)> _views;

    /// <exception cref="ArgumentException">No view at all.</exception>
    public ViewPlan(params IReadOnlyList<ViewGroup> groups)
    {
        Groups = [.. groups];
        _views = [.. Groups.SelectMany((group, index) => Enumerable.Repeat((group, index), group.Count))];
        if (_views.Length == 0)
            throw new ArgumentException("A view plan needs at least one view.", nameof(groups));
    }

    /// <summary>The groups in order.</summary>
    public ImmutableArray<ViewGroup> Groups { get; }

    /// <summary>Number of views, V.</summary>
    public int Count => _views.Length;

    /// <summary>Settings of a view.</summary>
    public ViewSettings this[int view] => _views[view].Group.Settings;

    /// <summary>Group of a view.</summary>
    public int GroupOf(int view) => _views[view].Index;

    /// <summary>The same settings for all views.</summary>
    public static ViewPlan Same(int count, ViewSettings settings) => new(new ViewGroup("view", count, settings));

    /// <summary>
    /// Pairs of views that a multi-crop loss compares: each view of the first group, as target, with every other view; never small with
    /// small. Two large and six small crops give 14 pairs (cookbook §3.4: 2·(V−1)).
    /// </summary>
    public IReadOnlyList<(int Target, int Source)> LossPairs() =>
        [.. from target in Enumerable.Range(0, Groups[0].Count)
            from source in Enumerable.Range(0, Count)
            where source != target
            select (target, source)];

    /// <summary>
    /// Multi-crop of SwAV and DINO: <paramref name="smallCount"/> small crops beside the large ones, all else being equal.
    /// </summary>
    /// <param name="large">Settings of the large crops.</param>
    /// <param name="largeCount">Usually 2.</param>
    /// <param name="smallSize">Side of the small crops (96 for large ones of 224 or 160).</param>
    /// <param name="smallCount">Usually 4, 6, 8 or 10.</param>
    /// <param name="split">Area share that separates large from small crops (SwAV 0.14, DINO 0.4).</param>
    /// <param name="smallScaleMin">Least area share of the small crops (0.05).</param>
    public static ViewPlan MultiCrop(
        ViewSettings large, int largeCount, int smallSize, int smallCount, float split = 0.14f, float smallScaleMin = 0.05f) =>
        new(
            new ViewGroup("large", largeCount, large with { Crop = large.Crop with { ScaleMin = split } }),
            new ViewGroup("small", smallCount, large with { Crop = large.Crop with { Size = smallSize, ScaleMin = smallScaleMin, ScaleMax = split } }));
}
