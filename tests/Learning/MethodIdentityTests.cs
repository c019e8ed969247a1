using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using static SslOrleans.Learning.Tests.LossAlone;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Tests;

/// <summary>Where one method is another in a limit, or its loss is known without computing: each checked through the method itself.</summary>
public class MethodIdentityTests
{
    [Fact]
    [Trait("Method", "relic")]
    public void Without_its_invariance_term_it_is_SimCLR()
        => Same(Loss("relic", Two(), ("temperature", 0.3), ("invariance", 0)), Loss("simclr", Two(), ("temperature", 0.3)));

    [Fact]
    [Trait("Method", "supcon")]
    public void When_every_image_is_its_own_class_it_is_SimCLR()
    {
        using var scope = NewDisposeScope();
        var labels = arange(0, 6).to(ScalarType.Float32);
        foreach (var variant in new[] { "out", "in" })
            Same(Loss("supcon", new(Two()) { ["labels"] = labels }, ("variant", variant)), Loss("simclr", Two()));
    }

    [Fact]
    [Trait("Method", "infonce")]
    [Trait("Method", "simclr")]
    public void InfoNCE_has_the_anchor_itself_in_the_denominator_and_SimCLR_has_not()
    {
        // With every row the same, all cosines are 1: ln 2N against ln(2N − 1).
        var same = new Dictionary<string, Tensor> { ["z1"] = ones(6, 5), ["z2"] = ones(6, 5) };
        Assert.Equal(Math.Log(12), Loss("infonce", same), 1e-5);
        Assert.Equal(Math.Log(11), Loss("simclr", same), 1e-5);
    }

    [Fact]
    [Trait("Method", "dcl")]
    public void Its_denominator_has_neither_anchor_nor_positive()
        => Assert.Equal(Math.Log(10), Loss("dcl", new() { ["z1"] = ones(6, 5), ["z2"] = ones(6, 5) }), 1e-5);

    [Fact]
    [Trait("Method", "dclw")]
    public void With_a_wide_sigma_all_weights_are_1_and_it_is_DCL()
        => Same(Loss("dclw", Two(), ("sigma", 1e6)), Loss("dcl", Two()), 1e-4);

    [Fact]
    [Trait("Method", "unified")]
    public void On_unit_vectors_with_epsilon_0_it_is_a_one_view_DCL_at_half_the_temperature()
    {
        using var scope = NewDisposeScope();
        var (a, b) = (functional.normalize(Draw(1), dim: 1), functional.normalize(Draw(2), dim: 1));
        const double Tau = 0.6;
        var self = eye(6, dtype: ScalarType.Bool);

        // ‖a − b‖² = 2 − 2cos: −d²/τ and cos/(τ/2) differ by a constant, which cancels.
        Tensor OneView(Tensor x, Tensor y) => ((x.mm(x.t()) / (Tau / 2)).masked_fill(self, float.NegativeInfinity).logsumexp(1) - ((x * y).sum(1) / (Tau / 2))).mean();
        Same(Loss("unified", new() { ["z1"] = a, ["z2"] = b }, ("temperature", Tau), ("epsilon", 0)), Tau * ((OneView(a, b) + OneView(b, a)) / 2).item<float>());
    }

    [Fact]
    [Trait("Method", "triplet")]
    public void It_is_0_once_every_negative_is_farther_than_the_positive_by_the_margin()
    {
        var apart = new Dictionary<string, Tensor> { ["z1"] = 3 * eye(6), ["z2"] = 3 * eye(6) };
        Assert.Equal(0, Loss("triplet", apart, ("normalize", false), ("margin", 4.2)), 1e-6);
        Assert.True(Loss("triplet", apart, ("normalize", false), ("margin", 4.3)) > 1e-3);
    }

    [Fact]
    [Trait("Method", "margin")]
    public void It_is_0_only_when_positives_coincide_and_all_others_keep_the_margin()
    {
        var apart = new Dictionary<string, Tensor> { ["z1"] = 3 * eye(6), ["z2"] = 3 * eye(6) };
        Assert.Equal(0, Loss("margin", apart, ("distance", 4.2)), 1e-6);
        Assert.True(Loss("margin", apart, ("distance", 4.3)) > 1e-3);
        apart["z2"] = apart["z2"] + 0.01;
        Assert.True(Loss("margin", apart, ("distance", 4.2)) > 1e-3);
    }

    [Fact]
    [Trait("Method", "npair")]
    public void Its_penalty_is_the_mean_squared_length_and_its_candidates_are_one_view_of_each_image()
    {
        var zero = new Dictionary<string, Tensor> { ["z1"] = zeros(6, 5), ["z2"] = zeros(6, 5) };
        Assert.Equal(Math.Log(6), Loss("npair", zero, ("beta", 1)), 1e-5);
        var plain = Loss("npair", Two(), ("beta", 0));
        var lengths = (Two()["z1"].square().sum() + Two()["z2"].square().sum()).item<float>() / 12;
        Same(Loss("npair", Two(), ("beta", 0.5)), plain + (0.5 * lengths));
    }

    [Fact]
    [Trait("Method", "barlowtwins")]
    public void Identical_uncorrelated_views_cost_nothing_and_a_copied_dimension_costs_2_lambda()
    {
        var white = Hadamard();
        Assert.Equal(0, Loss("barlowtwins", new() { ["z1"] = white, ["z2"] = white }), 1e-3);
        var copied = cat([white, white.narrow(1, 0, 1)], 1);
        Assert.Equal(2 * 0.01, Loss("barlowtwins", new() { ["z1"] = copied, ["z2"] = copied }, ("lambda", 0.01)), 1e-4);
    }

    [Fact]
    [Trait("Method", "vicreg")]
    public void Identical_uncorrelated_views_of_spread_1_cost_nothing_and_a_point_costs_its_variance_term()
    {
        var white = 2 * Hadamard();
        Assert.Equal(0, Loss("vicreg", new() { ["z1"] = white, ["z2"] = white }), 1e-4);
        Assert.Equal(25 * (1 - 0.01), Loss("vicreg", new() { ["z1"] = ones(8, 3), ["z2"] = ones(8, 3) }), 1e-3);
    }

    [Fact]
    [Trait("Method", "pmsn")]
    [Trait("Method", "msn")]
    public void A_power_law_of_exponent_0_is_the_uniform_prior_of_MSN()
    {
        var tensors = new Dictionary<string, Tensor> { ["key1"] = Draw(1), ["z2"] = Draw(2), ["prototypes"] = Draw(3, 4) };
        Same(Loss("pmsn", tensors, ("prototypes", 4), ("exponent", 0)), Loss("msn", tensors, ("prototypes", 4)));
        Assert.NotEqual(Loss("pmsn", tensors, ("prototypes", 4), ("exponent", 1)), Loss("msn", tensors, ("prototypes", 4)), 1e-3);
    }

    [Fact]
    [Trait("Method", "msn")]
    public void Sinkhorn_asks_for_every_prototype_even_where_the_teacher_chose_one()
    {
        using var scope = NewDisposeScope();
        var one = cat([0.9f * ones(8, 1), 0.1f / 3 * ones(8, 3)], 1);
        var balanced = Sinkhorn.Balance(one, 3);
        Assert.True((balanced - 0.25).abs().max().item<float>() < 1e-6);
        Assert.True((Sinkhorn.Balance(Draw(5, 12, 4).exp(), 60).sum(0L) - 3).abs().max().item<float>() < 1e-4);
    }

    [Fact]
    [Trait("Method", "pmsn")]
    public void A_prototype_that_no_anchor_chooses_costs_without_bound_from_the_prior_only()
    {
        using var scope = NewDisposeScope();
        var two = cat([0.5f * ones(3, 2), zeros(3, 1)], 1);
        Assert.Equal(Math.Log(1.5), MaskedSiamese.MeanDivergence(two, 0).item<float>(), 1e-5);
        Assert.True(MaskedSiamese.PriorDivergence(two, 0).item<float>() > 20);
    }

    [Fact]
    [Trait("Method", "mocov2")]
    [Trait("Method", "mocov1")]
    public void Orthogonal_negatives_leave_a_logistic_function_of_the_queues_length()
    {
        // cos(q, k) = 1 and cos(q, n) = 0 for L = 6 negatives: −ln(e^{1/τ} / (e^{1/τ} + 6)).
        var q = cat([2 * ones(6, 1), zeros(6, 4)], 1);
        var queue = cat([zeros(6, 1), ones(6, 1), zeros(6, 3)], 1);
        var tensors = new Dictionary<string, Tensor> { ["q1"] = q, ["key2"] = q, ["queue2"] = queue };
        foreach (var method in new[] { "mocov1", "mocov2" })
            Assert.Equal(Math.Log(1 + (6 * Math.Exp(-1 / 0.5))), Loss(method, tensors, ("temperature", 0.5), ("queue", 6)), 1e-5);
    }

    [Fact]
    [Trait("Method", "mocov3")]
    public void The_factor_2_tau_keeps_the_size_of_the_gradient()
    {
        // Far apart in temperature, the loss of indifferent outputs is 2τ · 2 ln N.
        foreach (var tau in new[] { 0.2, 2.0 })
            Assert.Equal(2 * tau * 2 * Math.Log(6), Loss("mocov3", new() { ["q1"] = ones(6, 5), ["q2"] = ones(6, 5), ["key1"] = ones(6, 5), ["key2"] = ones(6, 5) }, ("temperature", tau)), 1e-5);
    }

    [Fact]
    [Trait("Method", "dino")]
    public void A_student_that_is_indifferent_pays_ln_K_whatever_the_teacher_says()
        => Assert.Equal(Math.Log(7), Loss("dino", new() { ["s1"] = ones(6, 7), ["s2"] = ones(6, 7), ["t1"] = Draw(1, 6, 7), ["t2"] = Draw(2, 6, 7), ["center"] = zeros(1, 7) }, ("prototypes", 7)), 1e-5);

    [Fact]
    [Trait("Method", "nat")]
    public void Targets_are_dealt_before_the_loss_is_taken_and_each_stays_with_one_image()
    {
        using var scope = NewDisposeScope();
        var targets = functional.normalize(Draw(1), dim: 1);
        long[] shuffled = [3, 5, 0, 1, 2, 4];

        // Every image stands on another image's target: dealt first, nothing is left to pay.
        var z = targets.index_select(0, tensor(shuffled));
        Assert.Equal(-1, Loss("nat", new() { ["z1"] = z, ["targets"] = targets }), 1e-5);
        var method = MethodCatalog.Create(SmallRun.Recipe("nat"));
        var state = new MethodState(new Dictionary<string, Tensor> { ["targets"] = targets });
        var change = Assert.Single(method.Advance(state, new Embeddings { { "z1", z } }, Step(6)).Changes);
        Assert.Equal(z.Values<float>(), change.Values);

        // Where an epoch ends and the next begins an image may stand in a batch twice; no target is lost or given twice.
        var twice = new StepContext { Seed = 0, Step = 1, TotalSteps = 2, EffectiveBatch = 4, Device = CPU, SampleIds = [2, 4, 2, 1] };
        var store = new StateStore([new StateSpec("targets", StateKind.Bank, [-1, 5])], 0, 6);
        store.Restore(1, [("targets", targets.Values<float>(), 0)]);
        store.Advance(1, method.Advance(state, new Embeddings { { "z1", Draw(2, 4) } }, twice));
        Assert.Equal(targets.Values<float>().Order(), store.Values("targets").ToArray().Order());
    }

    [Fact]
    [Trait("Method", "npid")]
    public void At_its_own_last_embedding_the_proximal_term_is_0()
    {
        var bank = functional.normalize(Draw(1), dim: 1);
        var still = Loss("npid", new() { ["z1"] = bank, ["bank"] = bank }, ("beta", 100));
        Same(still, Loss("npid", new() { ["z1"] = bank, ["bank"] = bank }, ("beta", 0)), 1e-4);
        Assert.True(Loss("npid", new() { ["z1"] = Draw(2), ["bank"] = bank }, ("beta", 100)) > still + 1);
    }

    [Fact]
    [Trait("Method", "nce")]
    public void Self_normalised_scores_of_equal_densities_are_at_the_minimum()
    {
        using var scope = NewDisposeScope();
        var scores = zeros(4).requires_grad_(true);
        var noise = zeros(4, 1).requires_grad_(true);
        var shift = zeros(1).requires_grad_(true);
        var loss = NceLoss.Loss(scores + shift, noise + shift);
        loss.backward();

        // p = p_ε everywhere: one noise sample for each datum costs 2 ln 2, and no constant does better.
        Assert.Equal(2 * Math.Log(2), loss.detach().item<float>(), 1e-6);
        Assert.Equal(0f, shift.grad!.item<float>(), 1e-6f);
    }

    [Fact]
    [Trait("Method", "nce")]
    public void The_learnt_constant_finds_the_partition_function_of_a_density()
    {
        // Data from N(0, 0.7²) under a model that knows only e^{−x²/2σ²}; noise from N(0, 1.5²), four for each datum: c* = −ln σ√2π.
        using var scope = NewDisposeScope();
        const double Sigma = 0.7, Wide = 1.5;
        var (data, noise) = (Sigma * Draw(1, 4000, 1).flatten(), Wide * Draw(2, 4000, 4));
        Tensor Score(Tensor x) => -(x.square() / (2 * Sigma * Sigma)) + (x.square() / (2 * Wide * Wide)) + Math.Log(Wide * Math.Sqrt(2 * Math.PI));
        var method = MethodCatalog.Create(SmallRun.Recipe("nce"));
        var c = zeros(1).requires_grad_(true);
        for (var i = 0; i < 200; i++)
        {
            using var inner = NewDisposeScope();
            method.Loss(new Embeddings { { "data", Score(data) }, { "noise", Score(noise) }, { "constant", c } }, MethodState.Empty, Step(4000)).backward();
            using var off = no_grad();
            c.sub_(c.grad!);
            c.grad!.zero_();
        }

        Assert.Equal(-Math.Log(Sigma * Math.Sqrt(2 * Math.PI)), c.detach().item<float>(), 0.05);
    }

    [Fact]
    [Trait("Method", "deepcluster")]
    public void Clusters_count_alike_whatever_their_size()
    {
        // Nine images of one cluster and one of another, all indifferent but for the lone one, which is far from its own centroid.
        using var scope = NewDisposeScope();
        var centroids = tensor(new[] { 1f, 0f, 0f, 1f }).reshape(2, 2);
        var assignments = cat([zeros(9, 1), ones(1, 1)]);
        var z = tensor(new[] { 1f, 0f }).repeat(10).reshape(10, 2);
        double Value(bool uniform) => Loss(
            "deepcluster", new() { ["z1"] = z, ["z2"] = z, ["centroids"] = centroids, ["assignments"] = assignments, ["clustered"] = ones(1) },
            ("clusters", 2), ("temperature", 1), ("uniform", uniform));
        var (near, far) = (Math.Log(1 + Math.Exp(-1)), Math.Log(1 + Math.E));
        Assert.Equal((near + far) / 2, Value(true), 1e-5);
        Assert.Equal((0.9 * near) + (0.1 * far), Value(false), 1e-5);
    }
}
