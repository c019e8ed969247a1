using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// Which patches of each image are hidden, the same number in every image of a micro-batch. Drawn per (seed, epoch, sample, view),
/// or taken from the data pipeline where it made one.
/// </summary>
public sealed class PatchMask
{
    private readonly bool[][] _rows;

    public PatchMask(bool[][] rows)
    {
        _rows = rows;
        HiddenCount = rows[0].Count(h => h);
        if (rows.Any(r => r.Count(h => h) != HiddenCount))
            throw new InvalidOperationException("The images of a micro-batch hide different numbers of patches.");
    }

    /// <summary>Hidden patches per image.</summary>
    public int HiddenCount { get; }

    /// <summary>The mask of view <paramref name="view"/> as the recipe describes it.</summary>
    public static PatchMask Of(Views views, int view, Recipe recipe, StepContext step)
    {
        if (views.HasMask(view))
        {
            var (n, p) = (views.Mask(view).shape[0], views.Mask(view).shape[1]);
            var values = views.Mask(view).to(ScalarType.Byte).Values<byte>();
            return new PatchMask([.. Enumerable.Range(0, (int)n).Select(i => values[(int)(i * p)..(int)((i + 1) * p)].Select(v => v != 0).ToArray())]);
        }

        var grid = (int)views[view].shape[2] / recipe.Backbone.PatchSize;
        var group = recipe.Views.SelectMany(v => Enumerable.Repeat(v, v.Count)).ElementAt(view);
        return new PatchMask([.. step.SampleIds.Select(id => Draw(group.Mask, grid, new RandomStream(step.Seed, Purpose.Mask, step.Epoch, id, view)))]);
    }

    /// <summary>One image's mask over grid × grid patches; true where hidden.</summary>
    public static bool[] Draw(MaskRecipe mask, int grid, RandomStream random)
    {
        var hidden = new bool[grid * grid];
        if (ViewPlans.Mask(mask, grid) is { } settings)
            Masks.Draw(settings, ref random, hidden);
        return hidden;
    }

    /// <summary>Places of the visible patches <c>[N, V]</c>.</summary>
    public Tensor Visible(Device device) => Places(false, device);

    /// <summary>Places of the hidden patches <c>[N, H]</c>.</summary>
    public Tensor Hidden(Device device) => Places(true, device);

    /// <summary>Booleans <c>[N, P]</c>, true where hidden.</summary>
    public Tensor ToTensor(Device device) => tensor(_rows.SelectMany(r => r).ToArray()).reshape(_rows.Length, _rows[0].Length).to(device);

    /// <summary>Where each patch stands when the visible ones come first <c>[N, P]</c>.</summary>
    public Tensor Restore(Device device)
    {
        var p = _rows[0].Length;
        var values = new long[_rows.Length * p];
        for (var row = 0; row < _rows.Length; row++)
        {
            var (visible, hidden) = (0L, (long)(p - HiddenCount));
            for (var i = 0; i < p; i++)
                values[(row * p) + i] = _rows[row][i] ? hidden++ : visible++;
        }

        return tensor(values).reshape(_rows.Length, p).to(device);
    }

    /// <summary>Picks tokens <c>[N, T, D]</c> of patches <c>[N, P, D]</c> at places <c>[N, T]</c>.</summary>
    public static Tensor Pick(Tensor patches, Tensor places)
        => patches.gather(1, places.unsqueeze(-1).expand(places.shape[0], places.shape[1], patches.shape[2]));

    private Tensor Places(bool hidden, Device device)
        => tensor(_rows.SelectMany(r => Enumerable.Range(0, r.Length).Where(i => r[i] == hidden).Select(i => (long)i)).ToArray()).reshape(_rows.Length, -1).to(device);
}
