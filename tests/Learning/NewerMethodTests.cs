using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using static SslOrleans.Learning.Tests.LossAlone;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Tests;

/// <summary>What is known without computing of ReSSL, TiCo, DirectCLR, SimDINO, SimDINOv2, EMP-SSL and the dual temperature.</summary>
public class NewerMethodTests
{
    [Fact]
    [Trait("Method", "ressl")]
    public void The_least_loss_is_the_entropy_of_the_teachers_relations_and_is_had_by_the_same_relations()
    {
        using var scope = NewDisposeScope();
        var (q, queue) = (Draw(1), functional.normalize(Draw(2, 12), dim: 1));
        var relations = (functional.normalize(q, dim: 1).mm(queue.t()) / 0.3).softmax(1);
        var entropy = -(relations * relations.log()).sum(1).mean().item<float>();
        double At(Tensor z) => Loss("ressl", new() { ["q1"] = z, ["key2"] = q, ["queue2"] = queue }, ("queue", 12), ("studentTemperature", 0.3), ("teacherTemperature", 0.3));
        Assert.Equal(entropy, At(3 * q), 1e-5);
        Assert.True(At(Draw(3)) > entropy + 0.05);
        Assert.Equal(Math.Log(12), Loss("ressl", new() { ["q1"] = zeros(6, 5), ["key2"] = q, ["queue2"] = queue }, ("queue", 12)), 1e-5);
    }

    [Fact]
    [Trait("Method", "tico")]
    public void Without_contrast_it_is_half_of_Byol_in_one_direction_and_a_direction_of_the_past_costs_its_moment()
    {
        using var scope = NewDisposeScope();
        var (z, key) = (Draw(1), Draw(2));
        Same(Loss("tico", new() { ["z1"] = z, ["key2"] = key, ["moment"] = eye(5) }, ("contrast", 0)), ByolRegression.Loss(z, key).item<float>() / 2);

        // Everything along the first axis, β = 1/2: C₁₁ = (m + 1)/2.
        var one = cat([2 * ones(6, 1), zeros(6, 4)], 1);
        foreach (var m in new[] { 0.0, 0.6 })
            Assert.Equal(10 * (m + 1) / 2, Loss("tico", new() { ["z1"] = one, ["key2"] = one, ["moment"] = (float)m * eye(5) }, ("contrast", 10), ("beta", 0.5)), 1e-4);
    }

    [Fact]
    [Trait("Method", "tico")]
    public void The_moment_is_an_exponential_mean_of_the_batches_second_moments()
    {
        using var scope = NewDisposeScope();
        var method = MethodCatalog.Create(SmallRun.Recipe("tico"));
        var (moment, expected) = (zeros(8, 8), zeros(8, 8));
        for (var i = 1; i <= 4; i++)
        {
            var state = new MethodState(new Dictionary<string, Tensor> { ["moment"] = moment });
            moment = tensor(method.Advance(state, new Embeddings { { "z1", Draw(i, 6, 8) } }, Step(6)).Changes.Single().Values).reshape(8, 8);
            var unit = functional.normalize(Draw(i, 6, 8), dim: 1);
            expected += 0.1 * Math.Pow(0.9, 4 - i) / 6 * unit.t().mm(unit);
        }

        Assert.True((moment - expected).abs().max().item<float>() < 1e-6);
    }

    [Fact]
    [Trait("Method", "directclr")]
    public void Dimensions_beyond_its_share_get_no_gradient_and_change_nothing()
    {
        using var scope = NewDisposeScope();
        var method = MethodCatalog.Create(SmallRun.Recipe("directclr") with { Loss = new() { ["share"] = 0.4 } });
        var (z1, z2) = (Draw(1).requires_grad_(true), Draw(2));
        var loss = method.Loss(new Embeddings { { "z1", z1 }, { "z2", z2 } }, MethodState.Empty, Step(6));
        loss.backward();
        Assert.True(z1.grad!.narrow(1, 0, 2).abs().min().item<float>() > 0);
        Assert.Equal(0, z1.grad!.narrow(1, 2, 3).abs().max().item<float>());
        var other = cat([z2.narrow(1, 0, 2), Draw(7).narrow(1, 2, 3)], 1);
        Assert.Equal(loss.detach().item<float>(), method.Loss(new Embeddings { { "z1", z1.detach() }, { "z2", other } }, MethodState.Empty, Step(6)).item<float>());
    }

    [Fact]
    [Trait("Method", "simdino")]
    [Trait("Method", "simdinov2")]
    public void The_coding_rate_is_greatest_for_orthogonal_rows_and_least_for_one_point()
    {
        // D orthogonal rows: every eigenvalue is 1 + 1/ε, R = D/2 · ln(1 + 1/ε). One point: a single eigenvalue 1 + D/ε.
        using var scope = NewDisposeScope();
        Assert.Equal(2.5 * Math.Log(3), CodingRate.Rate(eye(5), 0.5).item<float>(), 1e-5);
        var point = functional.normalize(ones(5, 5), dim: 1);
        Assert.Equal(0.5 * Math.Log(11), CodingRate.Rate(point, 0.5).item<float>(), 1e-5);
        var between = CodingRate.Rate(functional.normalize(Draw(1, 5), dim: 1), 0.5).item<float>();
        Assert.InRange(between, 0.5 * Math.Log(11), 2.5 * Math.Log(3));

        // The same embeddings: agreement is worth nothing more, the rate alone decides.
        Tensor Unit(Tensor z) => functional.normalize(z, dim: 1);
        Dictionary<string, Tensor> All(Tensor z) => new() { ["s1"] = z, ["s2"] = z, ["t1"] = z, ["t2"] = z };
        Assert.Equal(-(10.0 / 25) * 2.5 * Math.Log(3), Loss("simdino", All(eye(5))), 1e-5);
        Assert.True(Loss("simdino", All(Unit(ones(5, 5)))) > Loss("simdino", All(Unit(Draw(1, 5)))));
        var spread = All(eye(5));
        foreach (var name in new[] { "u1", "u2", "v1", "v2" })
            spread[name] = eye(5).reshape(5, 1, 5);
        Assert.Equal(Loss("simdino", All(eye(5))), Loss("simdinov2", spread), 1e-5);
        spread["v1"] = spread["v2"] = -eye(5).reshape(5, 1, 5);
        Assert.Equal(Loss("simdino", All(eye(5))) + 2, Loss("simdinov2", spread), 1e-5);
    }

    [Fact]
    [Trait("Method", "simdinov2")]
    public void The_patch_term_of_micro_batches_is_a_mean_over_their_images()
    {
        using var scope = NewDisposeScope();
        var all = new Dictionary<string, Tensor> { ["s1"] = Draw(1), ["s2"] = Draw(2), ["t1"] = Draw(3), ["t2"] = Draw(4) };
        var plain = Loss("simdino", all);
        all["patches"] = tensor(new[] { 0.2f, 0.5f, 0.8f });
        Assert.Equal(plain + 0.5, Loss("simdinov2", all), 1e-5);
        Assert.Equal(1.5f, TreeRows.Sum(all["patches"]).item<float>(), 1e-6f);
    }

    [Fact]
    [Trait("Method", "empssl")]
    public void Crops_that_agree_and_fill_all_directions_have_the_least_loss()
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> Crops(params Tensor[] z) => z.Select((v, i) => ($"z{i + 1}", v)).ToDictionary(p => p.Item1, p => p.v);
        var best = -2.5 * Math.Log(1 + (1 / 0.2));
        Assert.Equal(best, Loss("empssl", Crops(eye(5), 3 * eye(5), eye(5))), 1e-4);
        Assert.True(Loss("empssl", Crops(eye(5), Draw(1, 5), eye(5))) > best + 10);
        Assert.Equal(-0.5 * Math.Log(1 + (5 / 0.2)), Loss("empssl", Crops(ones(5, 5), ones(5, 5))), 1e-4);
    }

    [Fact]
    [Trait("Method", "mocov1")]
    [Trait("Method", "mocov2")]
    public void A_dual_temperature_that_is_the_temperature_changes_nothing_and_a_higher_one_lets_easy_anchors_learn()
    {
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor> { ["q1"] = Draw(1), ["key2"] = functional.normalize(Draw(2), dim: 1), ["queue2"] = functional.normalize(Draw(3, 12), dim: 1) };
        foreach (var method in new[] { "mocov1", "mocov2" })
        {
            double At(double tau, double beta) => Loss(method, tensors, ("queue", 12), ("temperature", tau), ("anchorTemperature", beta));
            Same(At(0.3, 0.3), At(0.3, 0));
        }

        // One anchor near its key, one far from it: at one low temperature the near one learns next to nothing, at two it does.
        Tensor Gradient(double beta)
        {
            var q = tensor(new[] { 1f, 0.2f, -0.6f, 1f }).reshape(2, 2).requires_grad_(true);
            var (key, queue) = (tensor(new[] { 1f, 0f, 1f, 0f }).reshape(2, 2), tensor(new[] { 0f, 1f }).reshape(1, 2));
            (beta > 0 ? InfoNceQueue.DualTemperature(q, key, queue, 0.1, beta) : InfoNceQueue.Loss(q, key, queue, 0.1)).backward();
            return q.grad!.norm(1);
        }

        var (plain, dual) = (Gradient(0), Gradient(1));
        Assert.True(dual[0].item<float>() > plain[0].item<float>(), "at one temperature an easy anchor learns next to nothing");
        Assert.True((dual[1] / dual[0]).item<float>() < (plain[1] / plain[0]).item<float>());
    }

    [Fact]
    [Trait("Method", "sela")]
    public void Every_label_is_given_equally_often_at_the_least_cost()
    {
        // Nine images, three labels: all like the first one best. The exact transport, by trying every balanced labelling.
        using var scope = NewDisposeScope();
        var logits = Draw(3, 9, 3) + tensor(new[] { 2f, 0f, 0f });
        var costs = (-logits.log_softmax(1)).Values<float>();
        var labels = SelfLabels.Of(logits, 200, 20000).Values<long>();
        Assert.Equal([3, 3, 3], Enumerable.Range(0, 3).Select(k => labels.Count(l => l == k)));
        Assert.Equal(Least(0, [3, 3, 3]), labels.Select((l, i) => costs[(i * 3) + l]).Sum(), 1e-4);

        float Least(int image, int[] left) => image == 9 ? 0 : Enumerable.Range(0, 3).Where(k => left[k] > 0).Min(k =>
        {
            int[] rest = [.. left];
            rest[k]--;
            return costs[(image * 3) + k] + Least(image + 1, rest);
        });
    }

    [Fact]
    [Trait("Method", "sela")]
    public void All_images_are_labelled_behind_the_last_step_of_an_epoch()
    {
        using var scope = NewDisposeScope();
        var method = MethodCatalog.Create(SmallRun.Recipe("sela"));
        var store = new StateStore(method.State, 7, 30);
        for (var step = 0; step < 4; step++)
        {
            var context = new StepContext { Seed = 7, Step = step, TotalSteps = 9, EffectiveBatch = 12, Device = CPU, SampleIds = [.. Enumerable.Range(0, 12).Select(i => (long)(((step * 12) + i) % 30))] };
            var state = new MethodState(method.State.ToDictionary(s => s.Name, s => tensor(store.Values(s.Name).ToArray()).reshape(s.ShapeFor(30))));
            var carried = new Embeddings { { "z1", Draw(step, 12, 8) }, { "prototypes", Draw(9, 6, 8).repeat(3, 1) } };
            store.Advance(step, method.Advance(state, carried, context));
            Assert.Equal(step < 2 ? 0 : 1, store.Values("labelled")[0]);
        }

        // 30 images, 6 labels: five each but for what the finite λ leaves to rounding. By the classifier's own choice they are not near that.
        Assert.All(Enumerable.Range(0, 6), k => Assert.InRange(store.Values("labels").ToArray().Count(l => l == k), 3, 7));
    }

    [Fact]
    [Trait("Method", "pcl")]
    public void A_tight_and_full_cluster_is_concentrated_and_the_mean_concentration_is_the_temperature()
    {
        // On the circle: ten rows within 0.01 of one centroid, ten within 0.3 of another, two within 0.01 of a third, one alone.
        static float[] Row(double angle) => [(float)Math.Cos(angle), (float)Math.Sin(angle)];
        double[] centres = [0, 1.5, 3, 4.5];
        var (angles, own) = (new List<double>(), new List<int>());
        foreach (var (cluster, count, spread) in new[] { (0, 10, 0.01), (1, 10, 0.3), (2, 2, 0.01), (3, 1, 0.0) })
        {
            for (var i = 0; i < count; i++)
                (angles, own) = ([.. angles, centres[cluster] + (i % 2 == 0 ? spread : -spread)], [.. own, cluster]);
        }

        var phi = ProtoNce.Concentrations([.. angles.SelectMany(Row)], [.. centres.SelectMany(Row)], 2, [.. own], 10, 0.2);
        Assert.Equal(0.2, phi.Average(), 1e-6);
        Assert.True(phi[0] < phi[2] && phi[2] < phi[1], "many near rows, few near rows, many far rows");
        Assert.Equal(phi[1], phi[3]);

        // Σ‖v − c‖/(Z·ln(Z + α)): 2·sin(0.005)/ln 20 against 2·sin(0.15)/ln 20.
        Assert.Equal(Math.Sin(0.005) / Math.Sin(0.15), phi[0] / phi[1], 1e-4);
    }
}
