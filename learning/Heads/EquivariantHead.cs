using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Heads;

/// <summary>
/// EquiMod's module (Devillers and Lefort 2023): a projector of its own, and a layer that predicts, from an image as it is and from how a view was made of it,
/// the view's projection.
/// </summary>
public sealed class EquivariantHead : Module
{
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly Module<Tensor, Tensor>? project;
    private readonly Linear describe;
    private readonly Linear predict;
#pragma warning restore IDE0044

    /// <param name="project">The projector.</param>
    /// <param name="width">D, what it puts out.</param>
    /// <param name="description">Numbers that describe a view.</param>
    /// <param name="described">Width that they are brought to.</param>
    public EquivariantHead(Module<Tensor, Tensor>? project, int width, int description, int described)
        : base(nameof(EquivariantHead))
    {
        this.project = project;
        describe = Linear(description, described);
        predict = Linear(width + described, width);
        RegisterComponents();
    }

    /// <summary>Features <c>[N, F]</c> to projections <c>[N, D]</c>.</summary>
    public Tensor Project(Tensor features) => project is null ? features : project.call(features);

    /// <summary>Projections of images <c>[N, D]</c> and descriptions of views <c>[N, 13]</c> to predictions of the views' projections <c>[N, D]</c>.</summary>
    public Tensor Predict(Tensor image, Tensor description) => predict.call(cat([image, describe.call(description).relu()], 1));
}
