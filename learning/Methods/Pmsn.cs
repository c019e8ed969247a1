using SslOrleans.Contracts.Recipes;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// PMSN: MSN with a power-law prior in place of the uniform one, for data whose classes are not of one size.
/// Views, networks and embeddings are MSN's.
/// </summary>
[Method("pmsn", MoreViews = true, MayMask = true, Family = "self-distillation", Inventory = "M057",
    Paper = "Assran et al., The Hidden Uniform Cluster Prior in Self-Supervised Learning, 2023")]
public sealed class Pmsn : IMethod
{
    private readonly Msn _msn;

    public Pmsn(Recipe recipe)
    {
        var options = MethodCatalog.Options<Options>(recipe);
        Require.NotNegative(recipe, "loss.exponent", options.Exponent);
        Require.OneOf(recipe, "loss.divergence", options.Divergence, "from-mean", "from-prior");
        _msn = new Msn(recipe, options, options.Exponent, options.Divergence == "from-prior");
    }

    public sealed record Options : Msn.Options
    {
        /// <summary>Exponent of the power-law prior over prototypes; 0 gives MSN.</summary>
        public double Exponent { get; init; } = 0.25;

        /// <summary>
        /// <c>from-mean</c>: KL(p̄ ‖ prior), in which MSN's log K − H(p̄) is the case of the uniform prior; <c>from-prior</c>: KL(prior ‖ p̄),
        /// as lightly computes it.
        /// </summary>
        public string Divergence { get; init; } = "from-mean";
    }

    public bool Coupled => true;

    public Networks Build() => _msn.Build();

    public Embeddings Encode(Networks networks, Views views, StepContext step) => _msn.Encode(networks, views, step);

    public Tensor Loss(Embeddings embeddings, MethodState state, StepContext step) => _msn.Loss(embeddings, state, step);
}
