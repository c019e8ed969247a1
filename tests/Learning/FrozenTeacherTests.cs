using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Tests.Data;
using SslOrleans.Learning.Training;
using static SslOrleans.Learning.Tests.LossAlone;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests;

/// <summary>Teachers that learnt before and do not change: <c>teacher.weights</c>.</summary>
public class FrozenTeacherTests
{
    [Fact]
    [Trait("Method", "distill")]
    public void The_least_loss_is_the_entropy_of_the_teachers_predictions()
    {
        using var scope = NewDisposeScope();
        var predictions = (Draw(1) / 0.5).softmax(1);
        var entropy = -(predictions * predictions.log()).sum(1).mean().item<float>();
        double At(Tensor s) => Loss("distill", new() { ["s1"] = s, ["t1"] = Draw(1) }, ("temperature", 0.5));
        Assert.Equal(entropy, At(Draw(1) + 3), 1e-5);
        Assert.True(At(Draw(2)) > entropy + 0.05);
        Assert.Equal(Math.Log(5), At(zeros(6, 5)), 1e-5);
    }

    [Fact]
    [Trait("Method", "dinov2distill")]
    public void A_student_with_the_teachers_weights_has_its_outputs_and_the_teacher_stays_when_the_student_moves()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var file = folder.File("teacher.safetensors");
        var head = new HeadRecipe { Shape = "16-8" };
        SmallRun.SaveInitial(SmallRun.Recipe("dinov2") with { Seed = 11, Projector = head }, file);
        var small = SmallRun.Recipe("dinov2distill");
        var recipe = small with { Initial = file, Teacher = small.Teacher with { Weights = file }, Projector = head, Backbone = small.Backbone with { DropPath = 0 } };
        var data = new SmallRun.Data(recipe);
        using var replica = new Replica(recipe, CPU);
        var flat = replica.InitialParameters();
        Assert.Contains("teacher: ", replica.StartNote, StringComparison.Ordinal);
        replica.Load(flat, flat);
        var before = Outputs();
        foreach (var (student, teacher) in new[] { ("s1", "t1"), ("s2", "t2"), ("u1", "v1"), ("u2", "v2") })
            Assert.Equal(before[teacher], before[student]);

        replica.Load([.. flat.Select(v => v + 0.1f)], flat);
        var after = Outputs();
        Assert.Equal(before["t1"], after["t1"]);
        Assert.Equal(before["v2"], after["v2"]);
        Assert.NotEqual(before["s1"], after["s1"]);

        Dictionary<string, float[]> Outputs()
        {
            var step = new StepContext { Seed = 7, Step = 0, TotalSteps = 4, EffectiveBatch = 12, Device = CPU, SampleIds = data.SampleIds(0, 4) };
            using var open = replica.Encode(0, data.Render(0, 4), step);
            return Replica.Export(open).ToDictionary(a => a.Name, a => a.Values);
        }
    }

    [Fact]
    [Trait("Method", "dbot")]
    public void The_first_stages_teacher_is_random_and_the_second_stages_is_the_student_of_the_first()
    {
        using var scope = NewDisposeScope();
        var recipe = SmallRun.Recipe("dbot") with { Workers = new() { ThreadsPerWorker = 1 } };
        var random = Targets(recipe);
        Assert.Equal(random, Targets(recipe));
        Assert.NotEqual(random, Targets(recipe with { Seed = 8 }));

        // A stage's student is another one than its teacher, also before it has learnt.
        var stage = SmallRun.TeacherFile("dbot");
        using var student = new Replica(recipe with { Seed = 11 }, CPU);
        Assert.NotEqual(random, Targets(recipe with { Teacher = new() { Weights = stage } }));
        var mask = PatchMask.Of(new Views([zeros(4, 3, 8, 8)], [null]), 0, recipe, Context()).Hidden(CPU);
        using var networks = MethodCatalog.Create(recipe).Build();
        Backbones.Initialization.Reset(networks.Student, 11);
        networks.Student.eval();
        using var off = no_grad();
        var tokens = ((Backbones.Vit)networks.Student.Backbone).Tokens(tensor(new SmallRun.Data(recipe).Render(0, 4).Views[0].Values).reshape(4, 3, 8, 8));
        Assert.Equal(PatchMask.Pick(tokens.narrow(1, 1, 16), mask).Values<float>(), Targets(recipe with { Teacher = new() { Weights = stage } }));

        float[] Targets(Recipe r)
        {
            using var replica = new Replica(r, CPU);
            using var open = replica.Encode(0, new SmallRun.Data(r).Render(0, 4), Context());
            return Replica.Export(open).Single(a => a.Name == "target").Values;
        }

        StepContext Context() => new() { Seed = 7, Step = 0, TotalSteps = 4, EffectiveBatch = 12, Device = CPU, SampleIds = new SmallRun.Data(recipe).SampleIds(0, 4) };
    }

    [Theory]
    [InlineData("distill", "teacher.weights=", "teacher.weights is empty; distill learns from a teacher that learnt before")]
    [InlineData("dinov2distill", "teacher.weights=", "teacher.weights is empty")]
    [InlineData("distill", "teacher.weights=/nowhere/none.safetensors", "teacher.weights is /nowhere/none.safetensors, and no such file is here")]
    [InlineData("distill", "teacher.weightsHash=abc", "the run was begun with abc")]
    [InlineData("distill", "projector.shape=16-9", "lacks what the teacher needs: projector.3.weight ([8, 16] F32 there, [9, 16] here)")]
    [InlineData("distill", "teacher.backbone.name=resnet18", "has no tensor of this backbone")]
    [InlineData("dinov2distill", "loss.patchPrototypes=7", "lacks what the teacher needs: decoder.prototypes.weight")]
    [InlineData("dinov2distill", "teacher.backbone.patchSize=8", "teacher.backbone.name is empty; name the teacher's backbone")]
    [InlineData("dinov2distill", "teacher.backbone={\"name\":\"vit-nano\",\"patchSize\":4,\"imageSize\":8}", "teacher.backbone.patchSize is 4 at 8 pixels; dinov2distill compares patch by patch")]
    [InlineData("dbot", "teacher.weights=/nowhere/none.safetensors", "no such file is here")]
    [InlineData("simclr", "teacher.weights=some.safetensors", "teacher.weights is some.safetensors; simclr has no such teacher")]
    [InlineData("byol", "teacher.backbone.name=resnet18", "teacher.backbone.name is resnet18; byol has no such teacher")]
    public void A_teacher_that_is_missing_does_not_fit_or_is_not_used_is_refused(string method, string setting, string message)
    {
        var refused = Assert.Throws<UserErrorException>(() => RecipeTrial.Run(RecipeReader.Parse(RecipeReader.Write(SmallRun.Recipe(method)), [setting])));
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }
}
