using System.Runtime.InteropServices;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Optim;
using SslOrleans.Learning.Tests.Data;
using SslOrleans.Learning.Training;

namespace SslOrleans.Learning.Tests;

/// <summary>What users of other trainers reported, tried here; the numbers are rows of docs/reported-faults.md.</summary>
public class ReportedFaultsTests
{
    /// <summary>6: an epoch of one tar with 4,096 images, by a batch that does not divide it, has 4,096 images.</summary>
    [Fact]
    public void An_epoch_of_a_tar_has_every_image_once()
    {
        using var folder = new TemporaryFolder();
        var (tar, jpeg) = (new TarBuilder(), TarBuilder.Jpeg(1));
        for (var i = 0; i < 4096; i++)
            tar.Add($"{i:D4}.jpg", jpeg);
        folder.Write("one.tar", tar.Build());
        var recipe = SmallRun.Recipe("simclr") with { Batch = new() { Effective = 60, Micro = 60 } };
        using var data = new ImageTrainingData(recipe, folder.Path);
        var plan = new RunPlan(recipe, data.Samples);
        var ids = Enumerable.Range(0, 150).SelectMany(step => data.SampleIds(plan.FirstPosition(step), 60)).ToList();
        Assert.Equal(4096, ids.Take(4096).Distinct().Count());
        Assert.Equal(4096, ids.Skip(4096).Take(4096).Distinct().Count());
    }

    /// <summary>9: one picture under 64 names in two epochs, two views each: 256 different views.</summary>
    [Fact]
    public void No_view_is_drawn_twice()
    {
        var image = GeneratedImages.Draw(4, 0, 1).Image;
        var settings = ViewSettings.SimClrSmall(32, NormalizeSettings.Cifar10);
        var target = new float[settings.Length];
        var seen = new HashSet<string>();
        foreach (var epoch in new[] { 0L, 1 })
        {
            for (var sample = 0; sample < 64; sample++)
            {
                for (var view = 0; view < 2; view++)
                {
                    ViewRenderer.Render(image, settings, 1, epoch, sample, view, target);
                    seen.Add(Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(MemoryMarshal.AsBytes(target.AsSpan()))));
                }
            }
        }

        Assert.Equal(256, seen.Count);
    }

    /// <summary>25: a rank that halves is told once, a rank that moves is not.</summary>
    [Fact]
    public void Features_that_lose_dimensions_are_told()
    {
        var watch = new RankWatch();
        var told = new[] { 20.0, 40, 35, 21, 19.9, 12, 30, 8 }.Select(r => watch.Look(r)).ToList();
        Assert.Equal("the features lose dimensions: RankMe is 19.9 and was 40.0; look at the teacher's momentum, the masks and the learning rate", Assert.Single(told, t => t is not null));
        Assert.NotNull(told[4]);

        // Of steps: the mean of some counts, and a rank that falls while the loss rises is another trouble.
        var patient = new RankWatch(3);
        Assert.All(new[] { 40.0, 40, 3, 40, 40, 3, 40, 40 }.Select((r, i) => patient.Look(r, -i)), Assert.Null);
        foreach (var (losses, tells) in new[] { (new[] { 5.0, 4, 3, 2, 1, 0.5, 0.4, 0.3 }, true), ([5.0, 6, 7, 8, 9, 10, 11, 12], false) })
        {
            var steps = new RankWatch(2);
            var all = losses.Select((loss, i) => steps.Look(i < 4 ? 40 : 10, loss)).ToList();
            Assert.Equal(tells ? 1 : 0, all.Count(t => t?.Contains("while the loss falls: RankMe is 10.0 and was 40.0", StringComparison.Ordinal) == true));
        }
    }

    /// <summary>27: a bias of zero moves under LARS, and the gradient is scaled before momentum, whatever the ratio did in the step before.</summary>
    [Fact]
    public void Lars_moves_a_bias_of_zero_and_scales_before_momentum()
    {
        var lars = new Lars(0.9f, 0.02, clipTrust: false);
        var (bias, momentum) = (new float[4], new float[4]);
        lars.Step(bias, [1f, -2, 0, 4], [momentum], new StepSize(0, 0.1f, 0.01f, Adapt: true));
        Assert.Equal([-0.1f, 0.2f, 0, -0.4f], bias.Select(b => MathF.Round(b, 6)));

        // Three steps whose norms differ a hundredfold, beside the formula in double precision.
        float[] weight = [3, -4, 12];
        var (expected, held, m) = (weight.Select(w => (double)w).ToArray(), new double[3], new float[3]);
        foreach (var scale in new[] { 1.0, 100, 0.1 })
        {
            double[] gradient = [0.3 * scale, 0.1 * scale, -0.2 * scale];
            lars.Step(weight, gradient.Select(g => (float)g).ToArray(), [m], new StepSize(0, 0.5f, 0.01f, Adapt: true));
            var decayed = gradient.Zip(expected, (g, w) => g + (0.01 * w)).ToArray();
            var trust = 0.02 * Norm(expected) / Norm(decayed);
            held = [.. held.Zip(decayed, (v, g) => (0.9 * v) + (trust * g))];
            expected = [.. expected.Zip(held, (w, v) => w - (0.5 * v))];
        }

        foreach (var (e, w) in expected.Zip(weight))
            Assert.Equal(e, w, 1e-5);

        static double Norm(double[] v) => Math.Sqrt(v.Sum(x => x * x));
    }

    /// <summary>34: two thousand steps take no more memory than five hundred.</summary>
    [Fact]
    [Trait("Category", "Slow")]
    public void Memory_does_not_grow_with_the_steps()
    {
        var recipe = SmallRun.Recipe("byol") with { Steps = 100_000 };
        using var trainer = new LocalTrainer(recipe, new SmallRun.Data(recipe));
        while (trainer.Step < 500)
            trainer.RunStep();
        var before = Resident();
        while (trainer.Step < 2000)
            trainer.RunStep();
        Assert.InRange(Resident() - before, long.MinValue, 24L << 20);

        static long Resident()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            return Environment.WorkingSet;
        }
    }
}
