using SslOrleans.Learning.Evaluate;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests.Evaluate;

public class ProbeTests
{
    private static LabelledFeatures Data => GoldenProbes.Data;

    [Fact]
    public void Weights_let_a_near_minority_win_and_the_majority_vote_does_not()
    {
        Assert.Equal(1, KnnProbe.Vote([0.99f, 0.1f, 0.1f], [1, 0, 0], 3, 0.07, 2));
        Assert.Equal(0, KnnProbe.Vote([0.99f, 0.1f, 0.1f], [1, 0, 0], 3, double.PositiveInfinity, 2));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(50)]
    public void Nearest_rows_are_those_of_a_sort(int k)
    {
        var random = new RandomStream(3, Purpose.Evaluation, k, 0, 0);

        // Coarse values, so that there are ties: the lower index wins.
        var values = Enumerable.Range(0, 1003).Select(_ => MathF.Round(random.NextNormal() * 20) / 20).ToArray();
        values[500] = float.NaN;
        var nearest = new NearestRows(k);
        nearest.Add(values.AsSpan(0, 600), 0);
        nearest.Add(values.AsSpan(600), 600);
        var (cosines, indexes) = (new float[k], new int[k]);
        Assert.Equal(k, nearest.Take(cosines, indexes));
        var expected = Enumerable.Range(0, values.Length).Where(i => !float.IsNaN(values[i])).OrderByDescending(i => values[i]).ThenBy(i => i).Take(k);
        Assert.Equal(expected, indexes);
        Assert.Equal(indexes.Select(i => values[i]), cosines);
    }

    [Fact]
    public void Heads_together_are_heads_alone()
    {
        LinearHead[] settings = [new(0.01), new(0.3, 1e-3), new(1.0, 0.01)];
        var options = new LinearOptions { Epochs = 5 };
        using var standard = new Standardisation(Data.Train);
        using var scope = NewDisposeScope();
        using var together = new LinearHeads(GoldenProbes.Width, GoldenProbes.Classes, settings);
        LinearProbe.Train(together, Data.Train, Data.TrainLabels, LinearProbe.AllRows(GoldenProbes.Train), standard, options);
        var rows = standard.Apply(Data.Test.Tensor(0, 200));
        var logits = together.Logits(rows);
        for (var h = 0; h < settings.Length; h++)
        {
            using var alone = new LinearHeads(GoldenProbes.Width, GoldenProbes.Classes, [settings[h]]);
            LinearProbe.Train(alone, Data.Train, Data.TrainLabels, LinearProbe.AllRows(GoldenProbes.Train), standard, options);
            Assert.True((alone.Logits(rows).select(1, 0) - logits.select(1, h)).abs().max().item<float>() < 1e-4);
        }

        Assert.True((logits.select(1, 0) - logits.select(1, 1)).abs().max().item<float>() > 0.1);
    }

    [Fact]
    public void The_gradient_that_is_written_out_is_autograds()
    {
        using var scope = NewDisposeScope();
        var rows = Data.Train.Tensor(0, 32);
        var labels = LinearProbe.Labels(Data.TrainLabels, LinearProbe.AllRows(32));
        using var heads = new LinearHeads(GoldenProbes.Width, GoldenProbes.Classes, [new LinearHead(0.5)]);
        heads.Step(rows, labels, 1);
        var weight = zeros([GoldenProbes.Width, GoldenProbes.Classes]).requires_grad_();
        nn.functional.cross_entropy(rows.mm(weight), labels).backward();
        var expected = weight.grad! * -0.5;
        var probe = eye(GoldenProbes.Width);
        var ours = heads.Logits(probe).select(1, 0) - heads.Logits(zeros([1, GoldenProbes.Width])).select(1, 0);
        Assert.True((ours - expected).abs().max().item<float>() < 1e-6);
    }

    [Fact]
    public void A_hidden_layer_learns_what_no_line_can()
    {
        // XOR of two signs, with two dimensions of noise beside it.
        var (train, trainLabels) = Xor(800, 1);
        var (test, testLabels) = Xor(400, 2);
        var data = new LabelledFeatures(train, trainLabels, test, testLabels);
        var mlp = MlpProbe.Evaluate(data, new MlpOptions { Hidden = [64], Epochs = 30 });
        var linear = LinearProbe.Evaluate(data, new LinearOptions { Heads = [new LinearHead(0.1)], Epochs = 30 });
        Assert.InRange(mlp.Accuracy, 0.9, 1);
        Assert.InRange(linear.Accuracy, 0.3, 0.7);
        Assert.True(mlp.Best >= mlp.Accuracy && mlp.BestEpoch is >= 1 and <= 30);

        static (FeatureMatrix, int[]) Xor(int count, int sample)
        {
            var random = new RandomStream(9, Purpose.Evaluation, 0, sample, 0);
            var features = new FeatureMatrix(count, 4);
            var labels = new int[count];
            for (var i = 0; i < count; i++)
            {
                var row = features.Rows(i, 1);
                for (var d = 0; d < 4; d++)
                    row[d] = random.NextNormal();
                labels[i] = (row[0] > 0) == (row[1] > 0) ? 1 : 0;
            }

            return (features, labels);
        }
    }

    [Fact]
    public void A_repeated_probe_gives_the_same_bits()
    {
        var options = new LinearOptions { Epochs = 3 };
        Assert.Equal(LinearProbe.Evaluate(Data, options), LinearProbe.Evaluate(Data, options));
        Assert.Equal(MlpProbe.Evaluate(Data, new MlpOptions { Epochs = 2 }), MlpProbe.Evaluate(Data, new MlpOptions { Epochs = 2 }));
        Assert.Equal(FewShotProbe.Evaluate(Data, 0.1), FewShotProbe.Evaluate(Data, 0.1));
    }

    [Fact]
    public void More_labels_do_better()
    {
        var few = FewShotProbe.Evaluate(Data, 0.01);
        var more = FewShotProbe.Evaluate(Data, 0.3);
        Assert.Equal(GoldenProbes.Classes, few.Images);
        Assert.True(more.Accuracy > few.Accuracy + 0.03, $"{few} {more}");
    }

    [Fact]
    public void Stratified_takes_the_same_share_of_each_class_and_leaves_none_out()
    {
        int[] labels = [.. Enumerable.Repeat(0, 200), .. Enumerable.Repeat(1, 50), 2];
        var (chosen, others) = Splits.Stratified(labels, 0.1, 4, 0);
        Assert.Equal([20, 5, 1], chosen.GroupBy(r => labels[r]).OrderBy(g => g.Key).Select(g => g.Count()));
        Assert.Equal(Enumerable.Range(0, 251), chosen.Concat(others).Order());
        Assert.NotEqual(chosen, Splits.Stratified(labels, 0.1, 4, 1).Chosen);
        Assert.Equal(Enumerable.Range(0, 100), Splits.Shuffle(100, 1, 1).Order());
    }

    [Fact]
    public void A_matrix_in_a_file_is_a_matrix_in_memory()
    {
        using var mapped = new FeatureMatrix(GoldenProbes.Train, GoldenProbes.Width, largestInMemory: 0);
        Data.Train.Rows(0, GoldenProbes.Train).CopyTo(mapped.Rows(0, GoldenProbes.Train));
        var data = Data with { Train = mapped };
        Assert.Equal(KnnProbe.Predict(Data, 20, 0.07), KnnProbe.Predict(data, 20, 0.07));
        Assert.Equal(Spectrum.Of(Data.Train).SingularValues, Spectrum.Of(mapped).SingularValues);
        Assert.Throws<ArgumentOutOfRangeException>(() => mapped.Rows(GoldenProbes.Train, 1).Length);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_quarter_turn_is_rot90(int turns)
    {
        using var scope = NewDisposeScope();
        var images = arange(2 * 3 * 5 * 5, ScalarType.Float32).reshape(2, 3, 5, 5);
        var expected = images.rot90(turns, (2, 3)).contiguous().data<float>().ToArray();
        Assert.Equal(expected, RotationProbe.Rotate(images.data<float>().ToArray(), 5, turns));
    }
}
