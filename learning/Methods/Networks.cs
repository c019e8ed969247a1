using SslOrleans.Learning.Backbones;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// A backbone and the heads behind it. Field names are the keys of the state dictionary:
/// <c>backbone.conv1.weight</c>, <c>projector.0.weight</c>.
/// </summary>
public sealed class Branch : Module<Tensor, Tensor>
{
#pragma warning disable IDE0044, CA1051 // RegisterComponents reads fields.
    private readonly Backbone backbone;
    private readonly Module<Tensor, Tensor>? projector;
    private readonly Module<Tensor, Tensor>? predictor;
    private readonly Module<Tensor, Tensor>? prototypes;
    private readonly Module? decoder;
    private readonly TextTower? text;
    private Backbone? _shared;
#pragma warning restore IDE0044, CA1051

    public Branch(
        Backbone backbone,
        Module<Tensor, Tensor>? projector = null,
        Module<Tensor, Tensor>? predictor = null,
        Module<Tensor, Tensor>? prototypes = null,
        Module? decoder = null,
        TextTower? text = null)
        : base(nameof(Branch))
    {
        this.backbone = backbone;
        this.projector = projector;
        this.predictor = predictor;
        this.prototypes = prototypes;
        this.decoder = decoder;
        this.text = text;
        RegisterComponents();
    }

    /// <summary>What the branch sees through: its own, or another's (<see cref="SeeThrough"/>).</summary>
    public Backbone Backbone => _shared ?? backbone;

    public Module<Tensor, Tensor> Projector => projector ?? throw Missing(nameof(projector));

    public Module<Tensor, Tensor> Predictor => predictor ?? throw Missing(nameof(predictor));

    public Module<Tensor, Tensor> Prototypes => prototypes ?? throw Missing(nameof(prototypes));

    /// <summary>The projector, or null when there is none.</summary>
    public Module<Tensor, Tensor>? ProjectorOrNone => projector;

    /// <summary>What a masked method reconstructs with; of its own type.</summary>
    public Module Decoder => decoder ?? throw Missing(nameof(decoder));

    /// <summary>The same, or null when there is none.</summary>
    public Module? DecoderOrNone => decoder;

    /// <summary>The tower of captions: tokens <c>[N, L]</c> to projections <c>[N, D]</c>.</summary>
    public TextTower Text => text ?? throw Missing(nameof(text));

    /// <summary>The same, or null when there is none.</summary>
    public TextTower? TextOrNone => text;

    /// <summary>Images <c>[N, 3, H, W]</c> to projections <c>[N, D]</c>; features when there is no projector.</summary>
    public override Tensor forward(Tensor images) => Project(Backbone.call(images));

    /// <summary>Uses another branch's backbone in the place of its own, whose weights then have no part in anything (K24).</summary>
    public void SeeThrough(Branch other) => _shared = other.backbone;

    /// <summary>Features <c>[N, F]</c> to projections <c>[N, D]</c>; unchanged when there is no projector.</summary>
    public Tensor Project(Tensor features) => projector is null ? features : projector.call(features);

    /// <summary>Projections to predictions, both <c>[N, D]</c>; unchanged when there is no predictor (K27, K28).</summary>
    public Tensor Predict(Tensor projections) => predictor is null ? projections : predictor.call(projections);

    private static InvalidOperationException Missing(string head)
        => new($"The method built no {head}; pass one to Branch in its Build.");
}

/// <summary>
/// What a worker trains: the student, and a teacher that follows the student's parameters of the same names by EMA
/// (cookbook §2.3; K19). The teacher never receives a gradient.
/// </summary>
/// <param name="Student">What is trained.</param>
/// <param name="Teacher">What follows it.</param>
/// <param name="Frozen">A teacher that learnt before and never changes (<c>teacher.weights</c>; K74); no part of what is trained, kept or hashed.</param>
public sealed record Networks(Branch Student, Branch? Teacher = null, Branch? Frozen = null) : IDisposable
{
    /// <summary>The teacher's key of a view: its output at unit length <c>[N, D]</c>, without gradient (MoCo, He et al. 2020).</summary>
    public Tensor Key(Tensor view)
    {
        using var off = no_grad();
        return functional.normalize(Teacher!.call(view), dim: 1);
    }

    public void Dispose()
    {
        Student.Dispose();
        Teacher?.Dispose();
        Frozen?.Dispose();
    }
}
