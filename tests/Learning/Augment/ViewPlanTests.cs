using SslOrleans.Learning.Augment;

namespace SslOrleans.Learning.Tests.Augment;

public class ViewPlanTests
{
    [Fact]
    public void Multi_crop_pairs_never_compare_small_with_small()
    {
        var plan = ViewPlan.MultiCrop(ViewSettings.SimClrSmall(32, NormalizeSettings.Cifar10), 2, 16, 6);
        var pairs = plan.LossPairs();
        Assert.Equal(14, pairs.Count);
        Assert.All(pairs, pair => Assert.True(pair.Target < 2 && pair.Source != pair.Target));
        Assert.Equal((0.05f, 0.14f), (plan[7].Crop.ScaleMin, plan[7].Crop.ScaleMax));
    }
}
