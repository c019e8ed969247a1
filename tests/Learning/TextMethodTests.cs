using System.Text;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Tests.Data;
using SslOrleans.Learning.Text;
using SslOrleans.Learning.Training;
using static SslOrleans.Learning.Tests.LossAlone;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests;

/// <summary>Lines of text, the masks of their tokens, and what the papers of their methods say.</summary>
public sealed class TextMethodTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    [Trait("Method", "mlm")]
    public void A_share_of_the_tokens_is_chosen_and_of_ten_eight_are_hidden_one_is_another_and_one_stays()
    {
        var (chosen, hidden, same, other) = (0, 0, 0, 0);
        for (var sample = 0; sample < 400; sample++)
        {
            var tokens = Enumerable.Range(0, 24).Select(i => i == 0 ? TextTokenizer.Start : i <= 20 ? 100L + i : i == 21 ? TextTokenizer.End : 0).ToArray();
            var whole = tokens.ToArray();
            var mask = new bool[24];
            TokenMask.Draw(tokens, mask, 0.15, 300, new RandomStream(1, Purpose.Mask, 0, sample, 1));
            Assert.Equal(3, mask.Count(m => m));
            Assert.All(Enumerable.Range(0, 24), i => Assert.True(mask[i] || tokens[i] == whole[i]));
            Assert.DoesNotContain(true, new[] { mask[0], mask[21], mask[22], mask[23] });
            foreach (var i in Enumerable.Range(0, 24).Where(i => mask[i]))
            {
                chosen++;
                hidden += tokens[i] == TextTokenizer.Mask ? 1 : 0;
                same += tokens[i] == whole[i] ? 1 : 0;
                other += tokens[i] != TextTokenizer.Mask && tokens[i] != whole[i] ? 1 : 0;
            }
        }

        // 1,200 draws: four deviations of a share of 0.8 are 0.046, of 0.1 0.035.
        Assert.Equal(1200, chosen);
        Assert.InRange(hidden / 1200.0, 0.754, 0.846);
        Assert.InRange(same / 1200.0, 0.065, 0.135);
        Assert.InRange(other / 1200.0, 0.065, 0.135);
    }

    [Fact]
    [Trait("Method", "mlm")]
    public void Tokens_that_were_not_chosen_cost_nothing_and_indifference_costs_ln_V()
    {
        using var scope = NewDisposeScope();
        var (tokens, chosen) = (zeros(2, 3), tensor(new[] { 1f, 0, 0, 0, 1, 1 }).reshape(2, 3));
        Assert.Equal(Math.Log(7), MaskedTokenLoss.Loss(zeros(2, 3, 7), tokens, chosen).item<float>(), 1e-5);
        var scores = Draw(1, 6, 7).reshape(2, 3, 7);
        Same(MaskedTokenLoss.Loss(scores, tokens, chosen).item<float>(), MaskedTokenLoss.Loss(where(chosen.unsqueeze(2).gt(0), scores, 9f), tokens, chosen).item<float>());
    }

    [Fact]
    [Trait("Method", "simcse")]
    public void Two_passes_differ_by_their_dropout_alone_which_depends_on_sample_and_epoch()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        using var encoder = BackboneCatalog.Text("text-nano", 300, 8, causal: false, "backbone.name", dropout: 0.1);
        Initialization.Reset(encoder, 1);
        var tokens = tensor(new long[] { 1, 9, 8, 2, 0, 0, 0, 0, 1, 7, 6, 5, 2, 0, 0, 0 }).reshape(2, 8);
        var (first, second) = Twice(0, [3, 5]);
        var (again, _) = Twice(0, [3, 5]);
        var (turned, _) = Twice(0, [5, 3]);
        var (later, _) = Twice(1, [3, 5]);

        Assert.True(first.eq(again).all().item<bool>());
        foreach (var other in new[] { second, later, turned })
            Assert.False(first.eq(other).any().item<bool>());
        encoder.eval();
        encoder.BeginMicroBatch(1, 0, [3, 5]);
        Assert.True(encoder.call(tokens).eq(encoder.call(tokens)).all().item<bool>());

        (Tensor, Tensor) Twice(long epoch, long[] samples)
        {
            encoder.BeginMicroBatch(1, epoch, samples);
            return (encoder.call(tokens), encoder.call(tokens));
        }
    }

    [Fact]
    [Trait("Method", "skipgram")]
    public void A_neighbour_is_another_token_within_the_window_and_a_text_of_one_token_has_none()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var recipe = RecipeReader.Parse(RecipeReader.Write(SmallRun.Recipe("skipgram")), ["loss.window=1", "loss.pairs=40"]);
        var method = MethodCatalog.Create(recipe);
        using var networks = method.Build();
        Initialization.Reset(networks.Student, 1);
        var step = new StepContext { Seed = 1, Step = 0, TotalSteps = 1, EffectiveBatch = 3, SampleIds = [5, 6, 7], Device = CPU };
        var tokens = tensor(new long[] { 1, 10, 11, 12, 2, 0, 0, 0, 1, 20, 21, 2, 0, 0, 0, 0, 1, 30, 2, 0, 0, 0, 0, 0 }).reshape(3, 8);
        var found = method.Encode(networks, new Views([tokens], [null]), step);
        float[] Row(string name, int row) => found[name].select(0, row).cpu().data<float>().ToArray();

        // The middle one is next to both others, and they are next to it alone: it is drawn twice as often as each.
        Assert.Equal([10f, 11, 12], Row("tokens", 0).Distinct().Order());
        Assert.Equal([20f, 21], Row("tokens", 1).Distinct().Order());
        Assert.All(Row("chosen", 0).Concat(Row("chosen", 1)), c => Assert.Equal(1, c));
        Assert.All(Row("chosen", 2), c => Assert.Equal(0, c));
        Assert.Equal([3L, 40L, 300L], found["scores"].shape);
    }

    [Fact]
    public void Dropout_zeroes_its_share_and_keeps_the_mean()
    {
        using var scope = NewDisposeScope();
        var dropout = new ExactDropout(0.25);
        dropout.Begin(1, 0, [.. Enumerable.Range(0, 50).Select(i => (long)i)]);
        dropout.BeginPass();
        var values = dropout.Drop(ones(50, 400), 0);
        Assert.InRange(values.eq(0).to(ScalarType.Float32).mean().item<float>(), 0.237f, 0.263f);
        Assert.Equal(4 / 3f, values.max().item<float>(), 1e-6f);
    }

    [Fact]
    public void Lines_are_samples_labels_stand_before_a_tab_and_broken_ones_are_counted()
    {
        _folder.Write("a-train.txt", [.. Encoding.UTF8.GetBytes("x\tone two\n\ny\tthree\r\n"), 0xC3, 0x28, 0x0A, .. Encoding.UTF8.GetBytes("x\tfour")]);
        _folder.Write("a-test.txt", Encoding.UTF8.GetBytes("y\tfive\n"));
        using var data = (TextTrainingData)TrainingData.Open(SmallRun.Recipe("simcse"), QuickRecipes.Access(_folder.Path));

        Assert.Equal((3L, 1), (data.Samples, data.Evaluation(test: true)!.Count));
        Assert.Equal(["x", "y"], data.Classes);
        Assert.Equal([0, 1, 0], data.Evaluation(test: false)!.Labels!);
        Assert.Equal([1], data.Evaluation(test: true)!.Labels!);
        Assert.Contains("1 lines are not UTF-8 and left out", data.Notes);
        var empty = Directory.CreateDirectory(_folder.File("empty")).FullName;
        Assert.Contains("holds no text (*.txt", Assert.Throws<UserErrorException>(() => TrainingData.Open(SmallRun.Recipe("simcse"), QuickRecipes.Access(empty))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mlm", "views.1.text.mask=0", "mlm's first view is whole (0) and its second hides tokens")]
    [InlineData("simcse", "text.dropout=0", "text.dropout is 0")]
    [InlineData("mlm", "text.dropout=1", "text.dropout is 1")]
    [InlineData("mlm", "backbone.name=conv4", "use one of text-nano")]
    public void What_cannot_work_is_refused_by_name(string method, string setting, string says)
        => Assert.Contains(says, Assert.Throws<UserErrorException>(() => MethodCatalog.Create(RecipeReader.Parse(RecipeReader.Write(SmallRun.Recipe(method)), [setting])).Build()).Message, StringComparison.Ordinal);

    public void Dispose() => _folder.Dispose();
}
