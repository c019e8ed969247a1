using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Numerics;
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
            var values = views.Mask(view).to(ScalarType.Byte).cpu().contiguous().data<byte>().ToArray();
            return new PatchMask([.. Enumerable.Range(0, (int)n).Select(i => values[(int)(i * p)..(int)((i + 1) * p)].Select(v => v != 0).ToArray())]);
        }

        var grid = (int)views[view].shape[2] / recipe.Backbone.PatchSize;
        var group = recipe.Views.SelectMany(v => Enumerable.Repeat(v, v.Count)).ElementAt(view);
        return new PatchMask([.. step.SampleIds.Select(id => Draw(group.Mask, grid, new RandomStream(step.Seed, Purpose.Mask, step.Epoch, id, view)))]);
    }

    /// <summary>One image's mask over grid × grid patches; true where hidden.</summary>
    public static bool[] Draw(MaskRecipe mask, int grid, RandomStream random)
    {
        var hide = (int)Math.Round(mask.Ratio * grid * grid, MidpointRounding.AwayFromZero);
        return mask.Kind switch
        {
            "block" => Blocks(grid, hide, ref random),
            "uniform" => Windows(grid, mask.Ratio, ref random),
            _ => Random(grid * grid, hide, ref random),
        };
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

    private static bool[] Random(int patches, int hide, ref RandomStream random)
    {
        var order = Enumerable.Range(0, patches).ToArray();
        var hidden = new bool[patches];
        for (var i = 0; i < hide; i++)
        {
            var j = i + (int)random.NextUInt32((uint)(patches - i));
            (order[i], order[j]) = (order[j], order[i]);
            hidden[order[i]] = true;
        }

        return hidden;
    }

    /// <summary>Rectangles of 15 to 20 % of the patches (I-JEPA's targets) until enough are hidden; the last one is cut short.</summary>
    private static bool[] Blocks(int grid, int hide, ref RandomStream random)
    {
        var hidden = new bool[grid * grid];
        for (var left = hide; left > 0;)
        {
            var area = random.NextSingle(0.15f, 0.2f) * grid * grid;
            var aspect = random.NextSingle(0.75f, 1.5f);
            var height = Math.Clamp((int)MathF.Round(MathF.Sqrt(area * aspect)), 1, grid);
            var width = Math.Clamp((int)MathF.Round(MathF.Sqrt(area / aspect)), 1, grid);
            var (top, start) = ((int)random.NextUInt32((uint)(grid - height + 1)), (int)random.NextUInt32((uint)(grid - width + 1)));
            for (var y = top; y < top + height; y++)
            {
                for (var x = start; x < start + width && left > 0; x++)
                {
                    left -= hidden[(y * grid) + x] ? 0 : 1;
                    hidden[(y * grid) + x] = true;
                }
            }
        }

        return hidden;
    }

    /// <summary>The same number in every 2 × 2 window (K71).</summary>
    private static bool[] Windows(int grid, double ratio, ref RandomStream random)
    {
        var hidden = new bool[grid * grid];
        var each = (int)Math.Round(ratio * 4, MidpointRounding.AwayFromZero);
        for (var y = 0; y + 1 < grid; y += 2)
        {
            for (var x = 0; x + 1 < grid; x += 2)
            {
                var window = Random(4, each, ref random);
                for (var i = 0; i < 4; i++)
                    hidden[((y + (i / 2)) * grid) + x + (i % 2)] = window[i];
            }
        }

        return hidden;
    }
}
