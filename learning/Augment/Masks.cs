using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Augment;

/// <summary>
/// Masks over a view's patches, drawn per sample from (seed, epoch, sample id, view): <c>[Grid · Grid]</c> in row order, true is hidden.
/// Where a method stacks the visible patches of a batch, every sample hides equally many: all kinds but <see cref="MaskKind.Blocks"/>
/// with a fixed ratio do; blocks are topped up to their number as well.
/// </summary>
public static class Masks
{
    /// <summary>The generator of one view's mask.</summary>
    public static RandomStream Stream(ulong seed, long epoch, long sampleId, int view) => new(seed, Purpose.Mask, epoch, sampleId, view);

    /// <summary>Fills the mask and gives the number of hidden patches.</summary>
    /// <param name="settings">Pattern and ratio.</param>
    /// <param name="random">See <see cref="Stream"/>.</param>
    /// <param name="hidden">Receives <c>[Grid · Grid]</c>.</param>
    public static int Draw(MaskSettings settings, ref RandomStream random, Span<bool> hidden)
    {
        var grid = settings.Grid;
        if (hidden.Length != grid * grid)
            throw new ArgumentException($"A mask of {grid}x{grid} patches takes {grid * grid} values, not {hidden.Length}.", nameof(hidden));
        hidden.Clear();
        if (settings.Probability < 1 && !random.NextBool(settings.Probability))
            return 0;
        var ratio = settings.RatioMin < settings.RatioMax ? random.NextSingle(settings.RatioMin, settings.RatioMax) : settings.RatioMin;
        var count = (int)Math.Round((double)ratio * hidden.Length, MidpointRounding.AwayFromZero);
        switch (settings.Kind)
        {
            case MaskKind.Random:
                Choose(hidden, count, ref random);
                break;
            case MaskKind.Cells:
                Cells(settings, ratio, ref random, hidden);
                break;
            case MaskKind.Blocks:
                Blocks(settings, count, ref random, hidden);
                break;
            case MaskKind.TargetBlocks:
                TargetBlocks(grid, count, ref random, hidden);
                break;
            case MaskKind.Uniform:
                Uniform(settings, ratio, ref random, hidden);
                break;
            default:
                var side = Math.Clamp((int)Math.Round(Math.Sqrt(ratio) * grid), 0, grid);
                Fill(hidden, grid, (grid - side) / 2, (grid - side) / 2, side, side);
                break;
        }

        return hidden.Count(true);
    }

    /// <summary>Indices of the visible patches, ascending; MAE encodes only these.</summary>
    public static int[] Visible(ReadOnlySpan<bool> hidden) => Indices(hidden, false);

    /// <summary>Indices of the hidden patches, ascending.</summary>
    public static int[] Hidden(ReadOnlySpan<bool> hidden) => Indices(hidden, true);

    /// <summary>
    /// Context and targets of I-JEPA as ascending patch indices. All samples that use the same <paramref name="sizes"/> draw get blocks of
    /// equal size, so that their targets stack; the context, which never has a target's patch, still varies by what they cut out of it.
    /// </summary>
    /// <param name="settings">Scales and ratios.</param>
    /// <param name="sizes">Draws the blocks' sizes: the same stream for all samples of a batch, as in the paper.</param>
    /// <param name="places">Draws the blocks' places: the sample's own stream.</param>
    public static (int[] Context, int[][] Targets) Jepa(JepaSettings settings, RandomStream sizes, ref RandomStream places)
    {
        var grid = settings.Grid;
        var (height, width) = BlockSize(grid, settings.TargetScaleMin, settings.TargetScaleMax, settings.TargetRatioMin, settings.TargetRatioMax, ref sizes);
        var (contextHeight, contextWidth) = BlockSize(grid, settings.ContextScaleMin, settings.ContextScaleMax, 1, 1, ref sizes);
        var enough = Math.Min(settings.ContextMin, grid * grid / 4);
        (int[] Context, int[][] Targets) best = ([], []);
        for (var attempt = 0; attempt < 20 && best.Context.Length < enough; attempt++)
        {
            var targets = new int[settings.Targets][];
            foreach (ref var target in targets.AsSpan())
                target = Indices(Place(grid, height, width, ref places), true);
            var context = Indices(Place(grid, contextHeight, contextWidth, ref places), true).Except(targets.SelectMany(t => t)).ToArray();
            if (attempt == 0 || context.Length > best.Context.Length)
                best = (context, targets);
        }

        if (best.Context.Length > 0)
            return best;

        // Targets that cover everything leave nothing to predict from: all of them at the first one's place, and the rest is the context.
        var first = best.Targets[0];
        return ([.. Enumerable.Range(0, grid * grid).Except(first)], [.. best.Targets.Select(_ => first)]);
    }

    private static void Choose(Span<bool> hidden, int count, ref RandomStream random)
    {
        // Selection sampling: each subset of the size equally likely, no list needed.
        var left = hidden.Length;
        for (var i = 0; i < hidden.Length && count > 0; i++, left--)
        {
            if (random.NextUInt32((uint)left) >= (uint)count)
                continue;
            hidden[i] = true;
            count--;
        }
    }

    private static void Cells(MaskSettings settings, float ratio, ref RandomStream random, Span<bool> hidden)
    {
        var cells = Windows(settings);
        Span<bool> chosen = cells * cells <= 4096 ? stackalloc bool[cells * cells] : new bool[cells * cells];
        chosen.Clear();
        Choose(chosen, (int)Math.Ceiling(ratio * chosen.Length), ref random);
        for (var i = 0; i < chosen.Length; i++)
        {
            if (chosen[i])
                Fill(hidden, settings.Grid, i / cells * settings.CellSize, i % cells * settings.CellSize, settings.CellSize, settings.CellSize);
        }
    }

    private static void Uniform(MaskSettings settings, float ratio, ref RandomStream random, Span<bool> hidden)
    {
        var (windows, side) = (Windows(settings), settings.CellSize);
        var perWindow = (int)Math.Round(ratio * side * side);
        Span<bool> window = side * side <= 4096 ? stackalloc bool[side * side] : new bool[side * side];
        for (var w = 0; w < windows * windows; w++)
        {
            window.Clear();
            Choose(window, perWindow, ref random);
            for (var i = 0; i < window.Length; i++)
                hidden[((((w / windows) * side) + (i / side)) * settings.Grid) + ((w % windows) * side) + (i % side)] = window[i];
        }
    }

    private static void Blocks(MaskSettings settings, int count, ref RandomStream random, Span<bool> hidden)
    {
        var grid = settings.Grid;
        var (low, high) = (PortableMath.Log(settings.BlockRatioMin), -PortableMath.Log(settings.BlockRatioMin));
        var left = count;
        for (var attempt = 0; attempt < 100 && left > 0; attempt++)
        {
            var area = random.NextSingle(Math.Min(settings.BlockMin, left), left);
            var ratio = PortableMath.Exp(low + ((high - low) * random.NextSingle()));
            var height = (int)Math.Round(Math.Sqrt(area * ratio));
            var width = (int)Math.Round(Math.Sqrt(area / ratio));
            if (height < 1 || width < 1 || height > grid || width > grid)
                continue;
            var top = (int)random.NextUInt32((uint)(grid - height + 1));
            var start = (int)random.NextUInt32((uint)(grid - width + 1));
            var fresh = 0;
            for (var y = top; y < top + height; y++)
                fresh += hidden.Slice((y * grid) + start, width).Count(false);
            if (fresh == 0 || fresh > left)
                continue;
            Fill(hidden, grid, top, start, height, width);
            left -= fresh;
        }

        TopUp(hidden, left, ref random);
    }

    private static void TargetBlocks(int grid, int count, ref RandomStream random, Span<bool> hidden)
    {
        while (count > 0)
        {
            var (height, width) = BlockSize(grid, 0.15f, 0.2f, 0.75f, 1.5f, ref random);
            var (top, left) = ((int)random.NextUInt32((uint)(grid - height + 1)), (int)random.NextUInt32((uint)(grid - width + 1)));
            for (var y = top; y < top + height; y++)
            {
                for (var x = left; x < left + width && count > 0; x++)
                {
                    ref var patch = ref hidden[(y * grid) + x];
                    count -= patch ? 0 : 1;
                    patch = true;
                }
            }
        }
    }

    private static void TopUp(Span<bool> hidden, int count, ref RandomStream random)
    {
        var free = hidden.Count(false);
        for (var i = 0; i < hidden.Length && count > 0; i++)
        {
            if (hidden[i])
                continue;
            if (random.NextUInt32((uint)free--) >= (uint)count)
                continue;
            hidden[i] = true;
            count--;
        }
    }

    private static int Windows(MaskSettings settings) =>
        settings.CellSize > 0 && settings.Grid % settings.CellSize == 0
            ? settings.Grid / settings.CellSize
            : throw new Contracts.UserErrorException(
                $"A mask's cell size of {settings.CellSize} patches does not divide the grid of {settings.Grid}; choose a divisor of {settings.Grid}.");

    private static (int Height, int Width) BlockSize(
        int grid, float scaleMin, float scaleMax, float ratioMin, float ratioMax, ref RandomStream random)
    {
        var area = grid * grid * random.NextSingle(scaleMin, scaleMax);
        var ratio = random.NextSingle(ratioMin, ratioMax);
        return (
            Math.Clamp((int)Math.Round(Math.Sqrt(area * ratio)), 1, grid),
            Math.Clamp((int)Math.Round(Math.Sqrt(area / ratio)), 1, grid));
    }

    private static bool[] Place(int grid, int height, int width, ref RandomStream random)
    {
        var block = new bool[grid * grid];
        var top = (int)random.NextUInt32((uint)(grid - height + 1));
        var left = (int)random.NextUInt32((uint)(grid - width + 1));
        Fill(block, grid, top, left, height, width);
        return block;
    }

    private static void Fill(Span<bool> mask, int grid, int top, int left, int height, int width)
    {
        for (var y = top; y < top + height; y++)
            mask.Slice((y * grid) + left, width).Fill(true);
    }

    private static int[] Indices(ReadOnlySpan<bool> mask, bool value)
    {
        var indices = new int[mask.Count(value)];
        var next = 0;
        for (var i = 0; i < mask.Length; i++)
        {
            if (mask[i] == value)
                indices[next++] = i;
        }

        return indices;
    }
}
