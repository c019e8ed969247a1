using SslOrleans.Contracts;
using SslOrleans.Learning.Augment;

namespace SslOrleans.Learning.Tests.Augment;

public class MaskTests
{
    [Fact]
    public void Mae_hides_a_fixed_number_each_patch_equally_often()
    {
        var settings = MaskSettings.Mae(14);
        var counts = new int[196];
        const int Draws = 4000;
        for (var i = 0; i < Draws; i++)
        {
            var hidden = Draw(settings, i);
            Assert.Equal(147, hidden.Count(h => h));
            Assert.Equal(49, Masks.Visible(hidden).Length);
            for (var p = 0; p < 196; p++)
                counts[p] += hidden[p] ? 1 : 0;
        }

        Assert.All(counts, n => Assert.InRange(n, 3000 - 165, 3000 + 165));
    }

    [Fact]
    public void Uniform_masking_hides_the_same_number_in_every_window()
    {
        foreach (var (window, ratio, perWindow) in new[] { (2, 0.75f, 3), (2, 0.5f, 2), (7, 0.75f, 37) })
        {
            for (var i = 0; i < 50; i++)
            {
                var hidden = Draw(MaskSettings.Uniform(14, window, ratio), i);
                for (var top = 0; top < 14; top += window)
                {
                    for (var left = 0; left < 14; left += window)
                    {
                        var inWindow = 0;
                        for (var y = 0; y < window; y++)
                            inWindow += hidden.AsSpan(((top + y) * 14) + left, window).Count(true);
                        Assert.Equal(perWindow, inWindow);
                    }
                }
            }
        }
    }

    [Fact]
    public void SimMim_hides_whole_cells()
    {
        var hidden = Draw(MaskSettings.SimMim(8, 2), 3);
        Assert.Equal(40, hidden.Count(h => h));
        for (var i = 0; i < 64; i++)
            Assert.Equal(hidden[(i / 8 / 2 * 2 * 8) + (i % 8 / 2 * 2)], hidden[i]);
        Assert.Throws<UserErrorException>(() => Draw(MaskSettings.SimMim(7, 2), 0));
    }

    [Fact]
    public void Ibot_masks_half_of_the_views_in_blocks_of_the_drawn_share()
    {
        var shares = Enumerable.Range(0, 2000).Select(i => Draw(MaskSettings.Ibot(14), i).Count(h => h) / 196.0).ToArray();
        Assert.InRange(shares.Count(s => s == 0), 880, 1120);
        var masked = shares.Where(s => s > 0).ToArray();
        Assert.InRange(masked.Min(), 0.09, 0.12);
        Assert.InRange(masked.Max(), 0.47, 0.501);
        Assert.InRange(masked.Average(), 0.28, 0.32);

        // Blocks: a hidden patch's neighbour is hidden far more often than the share of hidden patches.
        var settings = new MaskSettings { Kind = MaskKind.Blocks, Grid = 14, RatioMin = 0.3f, RatioMax = 0.3f };
        var (pairs, together) = (0, 0);
        for (var i = 0; i < 200; i++)
        {
            var hidden = Draw(settings, i);
            Assert.Equal(59, hidden.Count(h => h));
            for (var p = 0; p < 195; p++)
            {
                if (p % 14 == 13 || !hidden[p])
                    continue;
                pairs++;
                together += hidden[p + 1] ? 1 : 0;
            }
        }

        Assert.True(together > 0.6 * pairs, $"{together} of {pairs}");
    }

    [Fact]
    public void Center_hides_one_square()
    {
        var hidden = Draw(new MaskSettings { Kind = MaskKind.Center, Grid = 8, RatioMin = 0.25f, RatioMax = 0.25f }, 0);
        Assert.Equal(16, hidden.Count(h => h));
        Assert.True(hidden[(2 * 8) + 2] && hidden[(5 * 8) + 5] && !hidden[(1 * 8) + 2]);
    }

    [Fact]
    public void Target_blocks_hide_exactly_their_share_in_rectangles()
    {
        var (pairs, together) = (0, 0);
        for (var i = 0; i < 200; i++)
        {
            var hidden = Draw(new MaskSettings { Kind = MaskKind.TargetBlocks, Grid = 14, RatioMin = 0.5f, RatioMax = 0.5f }, i);
            Assert.Equal(98, hidden.Count(h => h));
            for (var p = 0; p < 195; p++)
            {
                if (p % 14 == 13 || !hidden[p])
                    continue;
                pairs++;
                together += hidden[p + 1] ? 1 : 0;
            }
        }

        Assert.True(together > 0.75 * pairs, $"{together} of {pairs}");
    }

    [Fact]
    public void Jepa_targets_stack_over_a_batch_and_leave_the_context()
    {
        var settings = new JepaSettings { Grid = 14 };
        var sizes = Masks.Stream(1, 0, 0, 100);
        var areas = new HashSet<int>();
        for (var i = 0; i < 100; i++)
        {
            var places = Masks.Stream(1, 0, i, 0);
            var (context, targets) = Masks.Jepa(settings, sizes, ref places);
            Assert.Equal(4, targets.Length);
            Assert.All(targets, target => Assert.InRange(target.Length, 196 * 0.11, 196 * 0.24));
            areas.UnionWith(targets.Select(target => target.Length));
            Assert.NotEmpty(context);
            Assert.Empty(context.Intersect(targets.SelectMany(target => target)));
            Assert.All(context.Zip(context.Skip(1)), pair => Assert.True(pair.First < pair.Second));
        }

        Assert.Single(areas);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void On_a_small_grid_Jepas_context_is_neither_empty_nor_has_it_a_targets_patch(int grid)
    {
        var settings = new JepaSettings { Grid = grid };
        for (var i = 0; i < 300; i++)
        {
            var places = Masks.Stream(1, 0, i, 0);
            var (context, targets) = Masks.Jepa(settings, Masks.Stream(1, i, 0, 100), ref places);
            Assert.NotEmpty(context);
            Assert.Empty(context.Intersect(targets.SelectMany(t => t)));
            Assert.Single(targets.Select(t => t.Length).Distinct());
        }
    }

    [Fact]
    public void A_mask_is_a_function_of_seed_epoch_sample_and_view()
    {
        var settings = MaskSettings.Mae(14);
        Assert.Equal(Draw(settings, 5), Draw(settings, 5));
        Assert.NotEqual(Draw(settings, 5), Draw(settings, 6));
        Assert.NotEqual(Draw(settings, 5), Draw(settings, 5, view: 1));
    }

    private static bool[] Draw(MaskSettings settings, long sample, int view = 0)
    {
        var random = Masks.Stream(3, 0, sample, view);
        var hidden = new bool[settings.Grid * settings.Grid];
        var count = Masks.Draw(settings, ref random, hidden);
        Assert.Equal(count, hidden.Count(h => h));
        return hidden;
    }
}
