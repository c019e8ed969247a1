using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Tests;
using SslOrleans.Learning.Training;
using static TorchSharp.torch;

namespace SslOrleans.Tests.Learning.Training;

/// <summary>An average of the projector alone (K24): the teacher sees through the student's backbone.</summary>
public class TeacherScopeTests
{
    [Theory]
    [InlineData("byol")]
    [InlineData("mocov3")]
    [InlineData("ibot")]
    public void The_teachers_own_backbone_has_no_part_and_the_bits_do_not_depend_on_the_lanes(string method)
    {
        var all = SmallRun.Recipe(method);
        var recipe = RecipeReader.Parse(RecipeReader.Write(all), ["teacher.scope=projector"]);
        using var one = new LocalTrainer(recipe, new SmallRun.Data(recipe));
        using var three = new LocalTrainer(recipe, new SmallRun.Data(recipe), lanes: 3);
        using var usual = new LocalTrainer(all, new SmallRun.Data(all));
        for (var step = 0; step < recipe.Steps; step++)
        {
            var hash = one.RunStep().WeightsHash;
            Assert.Equal(hash, three.RunStep().WeightsHash);
            var other = usual.RunStep().WeightsHash;
            if (step > 1)
                Assert.NotEqual(hash, other);
        }
    }

    [Fact]
    public void Keys_are_the_teachers_projection_of_the_students_features()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var method = MethodCatalog.Create(SmallRun.Recipe("byol"));
        using var networks = method.Build();
        SslOrleans.Learning.Backbones.Initialization.Reset(networks.Student, 1);
        SslOrleans.Learning.Backbones.Initialization.Reset(networks.Teacher!, 2);
        networks.Student.eval();
        networks.Teacher!.eval();
        var images = LossAlone.Draw(1, 4, 192).reshape(4, 3, 8, 8);
        var apart = Key();
        networks.Teacher.SeeThrough(networks.Student);
        var shared = Key();
        Assert.True(shared.eq(networks.Teacher.Project(networks.Student.Backbone.call(images))).all().item<bool>());
        Assert.False(shared.eq(apart).all().item<bool>());

        Tensor Key() => method.Encode(networks, new Views([images, images], [null, null]), LossAlone.Step(4))["key1"];
    }

    [Fact]
    public void A_teacher_without_a_backbone_is_not_probed()
    {
        var text = RecipeReader.Write(SmallRun.Recipe("byol"));
        var refused = Assert.Throws<UserErrorException>(() => RecipeReader.Parse(text, ["teacher.scope=projector", "evaluation.teacher=true"]));
        Assert.Contains("evaluation.teacher", refused.Message, StringComparison.Ordinal);
        Assert.Contains("teacher.scope", Assert.Throws<UserErrorException>(() => RecipeReader.Parse(text, ["teacher.scope=head"])).Message, StringComparison.Ordinal);
    }
}
