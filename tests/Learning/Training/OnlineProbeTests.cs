using SslOrleans.Contracts.Recipes;
using SslOrleans.Contracts;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Images;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Tests.Data;
using SslOrleans.Learning.Training;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Tests.Training;

/// <summary>The online probe learns, is as exact as all else, and the encoder does not know of it.</summary>
public class OnlineProbeTests
{
    private const int Classes = 3;

    public static TheoryData<string> Methods => [.. MethodCatalog.All.Select(m => m.Name)];

    [Theory]
    [InlineData("swav")]
    [InlineData("ibot")]
    public void No_bit_of_the_encoder_depends_on_it(string method) => SameWithout(SmallRun.Recipe(method, steps: 2));

    [Theory]
    [MemberData(nameof(Methods))]
    [Trait("Category", "Slow")]
    public void No_bit_of_any_methods_encoder_depends_on_it(string method) => SameWithout(SmallRun.Recipe(method, steps: 2));

    [Theory]
    [InlineData("simclr", "lars", "micro", false)]
    [InlineData("barlowtwins", "sgd", "sync", false)]
    [InlineData("vicreg", "adamw", "micro", true)]
    public void Nor_with_clipping_and_any_optimiser_batch_norm_and_recomputation(string method, string optimizer, string batchNorm, bool recompute)
    {
        var recipe = SmallRun.Recipe(method);
        SameWithout(recipe with
        {
            Optimizer = recipe.Optimizer with { Name = optimizer, LearningRate = optimizer == "adamw" ? 0.01 : 0.5, ClipGradientNorm = 0.01 },
            Backbone = recipe.Backbone with { BatchNorm = batchNorm },
            Batch = recipe.Batch with { Recompute = recompute },
            Workers = recipe.Workers with { Slices = 3 },
        });
    }

    [Theory]
    [InlineData("simclr", "lars")]
    [InlineData("npid", "adamw")]
    public void Its_own_bits_do_not_depend_on_the_number_of_lanes(string method, string optimizer)
    {
        var recipe = With(SmallRun.Recipe(method));
        recipe = recipe with { Optimizer = recipe.Optimizer with { Name = optimizer, LearningRate = 0.01 } };
        using var one = new LocalTrainer(recipe, new SmallRun.Data(recipe), lanes: 1);
        using var three = new LocalTrainer(recipe, new SmallRun.Data(recipe), lanes: 3);
        for (var step = 0; step < 3; step++)
        {
            var (a, b) = (one.RunStep(), three.RunStep());
            Assert.Equal(a.Reported.Select(r => (r.Key, r.Value)), b.Reported.Select(r => (r.Key, r.Value)));
        }

        Assert.True(one.Parameters.SequenceEqual(three.Parameters));
        Assert.Contains(one.Parameters[^Own(one)..].ToArray(), v => v != 0);
    }

    [Fact]
    public void It_learns_what_the_features_hold()
    {
        // The classes are colours: an untrained encoder's features tell them.
        var recipe = With(SmallRun.Recipe("simclr", steps: 40));
        recipe = recipe with { Optimizer = recipe.Optimizer with { LearningRate = 1e-4 } };
        using var trainer = new LocalTrainer(recipe, new SmallRun.Data(recipe));
        var accuracy = new List<float>();
        var loss = new List<float>();
        while (trainer.Step < trainer.Plan.TotalSteps)
        {
            var report = trainer.RunStep();
            accuracy.Add(report.Reported["onlineAccuracy"]);
            loss.Add(report.Reported["onlineLoss"]);
        }

        Assert.Equal(Math.Log(Classes), loss[0], 1e-5);
        Assert.True(loss.TakeLast(10).Average() < 0.8, $"loss {loss.TakeLast(10).Average()}");
        Assert.True(accuracy.TakeLast(10).Average() > 0.8, $"accuracy {accuracy.TakeLast(10).Average()}");
    }

    [Fact]
    public void Its_gradient_is_that_of_the_cross_entropy()
    {
        var recipe = With(SmallRun.Recipe("simclr"));
        recipe = recipe with { Batch = new BatchRecipe { Effective = 12, Micro = 12 } };
        var data = new SmallRun.Data(recipe);
        using var replica = new Replica(recipe, CPU);
        var flat = replica.InitialParameters();
        var own = replica.Layout.Entries.Where(e => e.Kind == TensorKind.Probe).ToList();
        var (weight, bias) = (own[0], own[1]);
        Assert.Equal(("probe.weight", "probe.bias"), (weight.Name, bias.Name));
        for (var i = 0; i < weight.Length + bias.Length; i++)
            flat[weight.Offset + i] = MathF.Sin(i);
        replica.Load(flat, []);
        var views = data.Render(0, 12);
        var context = StepContexts.Create(recipe, new RunPlan(recipe, data.Samples), 0, views.SampleIds, CPU);
        var open = replica.Encode(0, views, context);
        var gradient = new float[replica.Layout.Length];
        var whole = Replica.Export(open);
        replica.Backward(open, replica.Couple(whole, replica.ToTensors(), context).Gradients, gradient);

        // The same features again, from networks of its own: batch norm is over both views, as SimCLR runs them.
        using var scope = NewDisposeScope();
        using var networks = MethodCatalog.Create(recipe).Build();
        SslOrleans.Learning.Backbones.Initialization.Reset(networks.Student, recipe.Seed);
        var pixels = views.Views.Select(v => v.ToTensor(CPU));
        var features = networks.Student.Backbone.call(cat([.. pixels])).detach().narrow(0, 0, 12);
        var (mean, variance) = (features.mean([0]), features.var(0L, unbiased: false));
        features = (features - mean) / (variance + (1e-3 * variance.mean()) + 1e-12).sqrt() / Math.Sqrt(256);
        var w = tensor(flat[weight.Offset..bias.Offset], [3L, weight.Length / 3]).requires_grad_();
        var b = tensor(flat[bias.Offset..(bias.Offset + 3)]).requires_grad_();
        var loss = functional.cross_entropy(functional.linear(features, w, b), tensor(Array.ConvertAll(views.Labels!, l => (long)l)));
        loss.backward();
        Assert.Equal(loss.item<float>(), context.Reported["onlineLoss"], 1e-5f);
        Close(w.grad!.data<float>().ToArray(), gradient.AsSpan(weight.Offset, weight.Length));
        Close(b.grad!.data<float>().ToArray(), gradient.AsSpan(bias.Offset, bias.Length));
    }

    [Fact]
    public void Missing_and_impossible_labels_are_refused_by_name_when_the_data_is_opened()
    {
        using var folder = new TemporaryFolder();
        GeneratedImages.Write(folder.Path, 24, 0, 1);
        var recipe = With(SmallRun.Recipe("simclr"));
        var few = Assert.Throws<UserErrorException>(() => new ImageTrainingData(recipe, folder.Path));
        Assert.Contains("evaluation.online.classes is 3", few.Message);
        Assert.Contains("has label 3; give at least 4", few.Message);
        new ImageTrainingData(With(recipe, GeneratedImages.Classes.Count), folder.Path).Dispose();

        using var bare = new TemporaryFolder();
        foreach (var (number, bytes) in Enumerable.Range(0, 12).Select(i => (i, ImageEncoder.Png(new RgbImage(8, 8, new byte[192])))))
            File.WriteAllBytes(Path.Combine(bare.Path, $"{number}.png"), bytes);
        var none = Assert.Throws<UserErrorException>(() => new ImageTrainingData(recipe, bare.Path));
        Assert.Contains("has no label", none.Message);
        Assert.Contains("evaluation.online.classes", none.Message);
    }

    [Theory]
    [InlineData("evaluation.online.classes=1")]
    [InlineData("evaluation.online.learningRate=0")]
    public void Settings_that_make_no_sense_are_refused(string setting)
        => Assert.Contains(setting[..setting.IndexOf('=')], Assert.Throws<UserErrorException>(() => RecipeReader.Parse(RecipeReader.Write(SmallRun.Recipe("simclr")), [setting])).Message);

    private static Recipe With(Recipe recipe, int classes = Classes)
        => recipe with { Evaluation = recipe.Evaluation with { Online = new OnlineProbeRecipe { Classes = classes } } };

    private static int Own(LocalTrainer trainer) => trainer.Layout.Entries.Where(e => e.Kind == TensorKind.Probe).Sum(e => e.Length);

    private static void SameWithout(Recipe recipe)
    {
        var probed = With(recipe);
        using var without = new LocalTrainer(recipe, new SmallRun.Data(recipe));
        using var with = new LocalTrainer(probed, new SmallRun.Data(probed));
        for (var step = 0; step < recipe.Steps; step++)
        {
            var (a, b) = (without.RunStep(), with.RunStep());
            Assert.Equal((a.WeightsHash, a.Loss, a.GradientNorm), (b.WeightsHash, b.Loss, b.GradientNorm));
            Assert.Equal(a.Reported.Select(r => (r.Key, r.Value)), b.Reported.Where(r => !r.Key.StartsWith("online", StringComparison.Ordinal)).Select(r => (r.Key, r.Value)));
            Assert.InRange(b.Reported["onlineAccuracy"], 0, 1);
        }

        Assert.True(without.Parameters.SequenceEqual(with.Parameters[..without.Layout.Length]));
        Assert.True(!without.Layout.HasTeacher || without.Teacher.SequenceEqual(with.Teacher[..without.Layout.Length]));
        Assert.Equal(without.Layout.Slices.Count + 1, with.Layout.Slices.Count);
        Assert.NotEqual(0, with.Parameters[^1]);
    }

    private static void Close(float[] expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-5f);
    }
}
