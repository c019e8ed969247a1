using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// Which patches of each image of a micro-batch are hidden. Drawn per (seed, epoch, sample, view), or taken from the data pipeline
/// where it made one.
/// </summary>
public sealed class PatchMask
{
    private readonly bool[][] _rows;

    public PatchMask(bool[][] rows)
    {
        _rows = rows;
        HiddenCount = Math.Max(1, rows.Max(Count));
    }

    /// <summary>H, the most patches that an image hides; 1 where none hides any.</summary>
    public int HiddenCount { get; }

    /// <summary>The mask of view <paramref name="view"/> as the recipe describes it.</summary>
    public static PatchMask Of(Views views, int view, Recipe recipe, StepContext step)
    {
        if (views.HasMask(view))
            return Brought(views.Mask(view));
        var grid = (int)views[view].shape[2] / recipe.Backbone.PatchSize;
        var group = recipe.Views.SelectMany(v => Enumerable.Repeat(v, v.Count)).ElementAt(view);
        return new PatchMask([.. step.SampleIds.Select(id => Draw(group.Mask, grid, new RandomStream(step.Seed, Purpose.Mask, step.Epoch, id, view)))]);
    }

    /// <summary>The mask of view <paramref name="view"/>, or one by the same draw where the data pipeline made none.</summary>
    public static PatchMask Of(Views views, int view, StepContext step, Func<RandomStream, bool[]> draw) => views.HasMask(view)
        ? Brought(views.Mask(view))
        : new PatchMask([.. step.SampleIds.Select(id => draw(new RandomStream(step.Seed, Purpose.Mask, step.Epoch, id, view)))]);

    /// <summary>Another mask of the same view, by a draw of its own.</summary>
    public static PatchMask Another(Recipe recipe, int grid, int draw, StepContext step)
        => new([.. step.SampleIds.Select(id => Draw(recipe.Views[0].Mask, grid, Draws.Of(step, id, draw)))]);

    private static PatchMask Brought(Tensor mask)
    {
        var (n, p) = (mask.shape[0], mask.shape[1]);
        var values = mask.to(ScalarType.Byte).Values<byte>();
        return new PatchMask([.. Enumerable.Range(0, (int)n).Select(i => values[(int)(i * p)..(int)((i + 1) * p)].Select(v => v != 0).ToArray())]);
    }

    /// <summary>One image's mask over grid × grid patches; true where hidden.</summary>
    public static bool[] Draw(MaskRecipe mask, int grid, RandomStream random)
    {
        var hidden = new bool[grid * grid];
        if (ViewPlans.Mask(mask, grid) is { } settings)
            Masks.Draw(settings, ref random, hidden);
        return hidden;
    }

    /// <summary>Places of the visible patches <c>[N, V]</c>; every image must have as many.</summary>
    public Tensor Visible(Device device)
    {
        Stackable();
        return tensor(_rows.SelectMany(r => Places(r, false)).ToArray()).reshape(_rows.Length, -1).to(device);
    }

    /// <summary>Places of the hidden patches <c>[N, H]</c>; images that hide fewer are filled up with place 0, which <see cref="Weights"/> leaves out.</summary>
    public Tensor Hidden(Device device)
        => tensor(_rows.SelectMany(r => Places(r, true).Concat(Enumerable.Repeat(0L, HiddenCount - Count(r)))).ToArray()).reshape(_rows.Length, HiddenCount).to(device);

    /// <summary>1/h at the places of an image that hides h patches, 0 where <see cref="Hidden"/> is filled up <c>[N, H]</c>: rows sum to 1, or to 0 where nothing is hidden.</summary>
    public Tensor Weights(Device device)
        => tensor(_rows.SelectMany(r => Enumerable.Range(0, HiddenCount).Select(i => i < Count(r) ? 1f / Count(r) : 0f)).ToArray()).reshape(_rows.Length, HiddenCount).to(device);

    /// <summary>Booleans <c>[N, P]</c>, true where hidden.</summary>
    public Tensor ToTensor(Device device) => tensor(_rows.SelectMany(r => r).ToArray()).reshape(_rows.Length, _rows[0].Length).to(device);

    /// <summary>Where each patch stands when the visible ones come first <c>[N, P]</c>.</summary>
    public Tensor Restore(Device device)
    {
        Stackable();
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

    private void Stackable()
    {
        if (_rows.Any(r => Count(r) != HiddenCount))
            throw new InvalidOperationException("The images of a micro-batch hide different numbers of patches.");
    }

    private static int Count(bool[] row) => row.Count(h => h);

    private static IEnumerable<long> Places(bool[] row, bool hidden) => Enumerable.Range(0, row.Length).Where(i => row[i] == hidden).Select(i => (long)i);
}
