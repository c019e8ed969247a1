using SslOrleans.Learning.Methods;
using static SslOrleans.Learning.Tests.LossAlone;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Tests;

/// <summary>What is known without computing of hard negatives, SSCD, PIRL and E-SSL.</summary>
public class BankAndBatchTests
{
    [Fact]
    [Trait("Method", "hcl")]
    public void Without_concentration_and_class_prior_it_is_SimCLR_and_with_much_the_nearest_negative_stands_for_all()
    {
        using var scope = NewDisposeScope();
        Same(Loss("hcl", Two(), ("temperature", 0.3), ("concentration", 0), ("classPrior", 0)), Loss("simclr", Two(), ("temperature", 0.3)));

        // The weights lean to the nearest negative, and in the limit it stands for all M of them: ln(1 + M·e^{(s − s⁺)/τ}).
        var z = functional.normalize(cat([Two()["z1"], Two()["z2"]]), dim: 1);
        var cosines = z.mm(z.t());
        var others = cosines.masked_fill(eye(6, dtype: ScalarType.Bool).repeat(2, 2), -2).amax([1]);
        var own = (z.narrow(0, 0, 6) * z.narrow(0, 6, 6)).sum(1).repeat(2);
        var limit = (1 + (10 * ((others - own) / 0.3).exp())).log().mean().item<float>();
        double At(double beta) => Loss("hcl", Two(), ("temperature", 0.3), ("concentration", beta), ("classPrior", 0));
        Assert.Equal(limit, At(300), 2e-3);
        double[] values = [At(0), At(1), At(5), At(20), limit + 1e-4];
        Assert.Equal(values.Order(), values);
        Assert.True(double.IsFinite(Loss("hcl", Two(), ("temperature", 1e-3))));
    }

    [Fact]
    [Trait("Method", "sscd")]
    public void Nearest_are_views_of_other_images_only()
    {
        using var scope = NewDisposeScope();

        // Five orthogonal images, both views alike: every other image is √2 away, one's own view at 0 does not count.
        var all = new Dictionary<string, Tensor> { ["z1"] = eye(5), ["z2"] = eye(5) };
        var contrast = Loss("simclr", all, ("temperature", 0.5));
        Assert.Equal(contrast - (3 * Math.Log(Math.Sqrt(2))), Loss("sscd", all, ("temperature", 0.5), ("entropy", 3)), 1e-5);
        Same(Loss("sscd", Two(), ("temperature", 0.5), ("entropy", 0)), Loss("simclr", Two(), ("temperature", 0.5)));
    }

    [Fact]
    [Trait("Method", "pirl")]
    public void An_embedding_that_is_orthogonal_to_every_row_costs_what_a_guess_costs()
    {
        // All cosines 0: p = 1/(1+m) each; ln(1+m) + m·ln((1+m)/m).
        using var scope = NewDisposeScope();
        var bank = functional.normalize(cat([Draw(1, 6, 4), zeros(6, 1)], 1), dim: 1);
        var z = cat([zeros(6, 4), ones(6, 1)], 1);
        var guess = Math.Log(4) + (3 * Math.Log(4.0 / 3));
        var tensors = new Dictionary<string, Tensor> { ["z1"] = z, ["tiles2"] = z, ["draw"] = Draw(3, 6, 3).sigmoid(), ["bank"] = bank };
        Assert.Equal(guess, Loss("pirl", tensors, ("negatives", 3), ("tile", 2), ("temperature", 0.1)), 1e-5);
        tensors["z1"] = tensors["tiles2"] = bank;
        tensors["draw"] = cat([tensor(new[] { 0.2f, 0.4f, 0.6f, 0.8f, 0.95f, 0.05f }).reshape(6, 1)], 1);
        Assert.True(Loss("pirl", tensors, ("negatives", 1), ("tile", 2), ("temperature", 0.1)) < guess);
    }

    [Fact]
    [Trait("Method", "pirl")]
    public void The_bank_keeps_half_of_what_it_had()
    {
        using var scope = NewDisposeScope();
        var method = MethodCatalog.Create(SmallRun.Recipe("pirl"));
        var bank = functional.normalize(Draw(1, 6, 8), dim: 1);
        var change = method.Advance(new MethodState(new Dictionary<string, Tensor> { ["bank"] = bank }), new Embeddings { { "z1", Draw(2, 6, 8) } }, Step(6)).Changes.Single();
        var expected = functional.normalize(bank + functional.normalize(Draw(2, 6, 8), dim: 1), dim: 1);
        Assert.True((tensor(change.Values).reshape(6, 8) - expected).abs().max().item<float>() < 1e-6);
    }

    [Fact]
    [Trait("Method", "essl")]
    public void Without_rotations_it_is_SimCLR()
    {
        using var scope = NewDisposeScope();
        var tensors = Two();
        tensors["logits"] = Draw(3, 6, 16).reshape(6, 4, 4);
        Same(Loss("essl", tensors, ("rotation", 0), ("temperature", 0.3)), Loss("simclr", Two(), ("temperature", 0.3)));
        Same(Loss("essl", tensors, ("rotation", 2), ("temperature", 0.3)), Loss("simclr", Two(), ("temperature", 0.3)) + (2 * QuarterTurns.Loss(tensors["logits"]).item<float>()));
    }
}
