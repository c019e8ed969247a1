using SslOrleans.Contracts.Recipes;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// A self-supervised method: which networks, what of a micro-batch is encoded, which loss, which state advances.
/// Implementations are constructed from a recipe, carry a <see cref="MethodAttribute"/>, and keep no state that changes:
/// what changes is in parameters, in the teacher or in the <see cref="MethodState"/>.
/// </summary>
public interface IMethod
{
    /// <summary>
    /// True when the loss needs the embeddings of the whole effective batch (cookbook §3.8.1).
    /// False when it is a mean of per-row values; it is then taken per micro-batch.
    /// </summary>
    bool Coupled { get; }

    /// <summary>State beside parameters and teacher: queues, centres, banks. Empty for most methods.</summary>
    IReadOnlyList<StateSpec> State => [];

    /// <summary>The loss of outputs that say nothing, ln K or ln(2N − 1); a run that stays there learns nothing. NaN where there is no such number.</summary>
    double LossOfChance => double.NaN;

    /// <summary>Groups that the images of the data set are dealt into, by the recipe's key: there cannot be more than images.</summary>
    IReadOnlyList<(string Key, int Count)> Groups => [];

    /// <summary>The embeddings that <see cref="Advance"/> reads; empty when no state advances.</summary>
    IReadOnlyList<string> Carried => [];

    /// <summary>Student, heads, and the teacher when there is one.</summary>
    Networks Build();

    /// <summary>Runs the networks on one micro-batch. Rows are in sample order.</summary>
    Embeddings Encode(Networks networks, Views views, StepContext step);

    /// <summary>
    /// The loss, a scalar. <paramref name="embeddings"/> has the rows of the whole effective batch when <see cref="Coupled"/>,
    /// else those of one micro-batch.
    /// </summary>
    Tensor Loss(Embeddings embeddings, MethodState state, StepContext step);

    /// <summary>What changes in the state after the step, from the <see cref="Carried"/> embeddings of the whole effective batch.</summary>
    StateUpdate Advance(MethodState state, Embeddings carried, StepContext step) => StateUpdate.None;
}

/// <summary>What a method has of a teacher that never changes.</summary>
public enum FrozenTeacher
{
    /// <summary>None: a recipe that names one is refused.</summary>
    None,

    /// <summary>One of random weights, drawn from the seed, where the recipe names none.</summary>
    OrRandom,

    /// <summary>One, which the recipe must name.</summary>
    Required,
}

/// <summary>Names a method and says where it comes from; <c>sslo methods</c> prints it.</summary>
/// <param name="name">The name that recipes use.</param>
/// <param name="alsoTakes">See <see cref="AlsoTakes"/>.</param>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class MethodAttribute(string name, params string[] alsoTakes) : Attribute
{
    public string Name { get; } = name;

    /// <summary>contrastive, self-distillation, clustering, canonical-correlation, masked-image-modelling, pretext, equivariance, distillation, dense or gallery.</summary>
    public string Family { get; init; } = "";

    /// <summary>Row of the method inventory.</summary>
    public string Inventory { get; init; } = "";

    /// <summary>Authors, title, year.</summary>
    public string Paper { get; init; } = "";

    /// <summary>Views of each image that the loss compares; a recipe with fewer, or with more, is refused when it is read.</summary>
    public int Views { get; init; } = 2;

    /// <summary>Further views are used too: local crops, further anchors.</summary>
    public bool MoreViews { get; init; }

    /// <summary>What samples it learns from; pictures unless it says otherwise.</summary>
    public Modality[] Modalities { get; init; } = [Modality.Image];

    /// <summary>How many of the first views need a mask; one on another view is refused.</summary>
    public int Masked { get; init; }

    /// <summary>Views may be masked or not, as the recipe likes.</summary>
    public bool MayMask { get; init; }

    /// <summary>Kind of mask that its masked views need.</summary>
    public string MaskKind { get; init; } = "random";

    /// <summary>A small backbone that it works with, and the side of a patch of it in pixels; for runs that only ask what it takes.</summary>
    public string Backbone { get; init; } = "vit-nano";

    /// <inheritdoc cref="Backbone"/>
    public int PatchSize { get; init; } = 4;

    /// <summary>Whether it learns from a teacher that never changes, <c>teacher.weights</c> in the recipe.</summary>
    public FrozenTeacher FrozenTeacher { get; init; }

    /// <summary>Embeddings that the loss takes besides those that <see cref="IMethod.Encode"/> makes, as <c>name [N, D]</c> or <c>name [N, D], no gradient</c>; only a user brings them.</summary>
    public IReadOnlyList<string> AlsoTakes => alsoTakes;
}
