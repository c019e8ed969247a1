using SslOrleans.Learning.Augment;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// The views of one micro-batch: V tensors, rows in sample order, of pictures <c>[b, 3, Hᵥ, Wᵥ]</c>, of texts tokens <c>[b, L]</c>, of rows of
/// a table cells <c>[b, C]</c>; and masks where the recipe asks for them or cells are missing.
/// </summary>
public sealed class Views(IReadOnlyList<Tensor> images, IReadOnlyList<Tensor?> masks, IReadOnlyList<int>? labels = null, IReadOnlyList<Tensor?>? descriptions = null) : IDisposable
{
    /// <summary>Classes of the samples, in row order; empty where the data set has none. Only supervised baselines read them.</summary>
    public IReadOnlyList<int> Labels { get; } = labels ?? [];

    /// <summary>View v; pixels are normalised.</summary>
    public Tensor this[int view] => images[view];

    /// <summary>Number of views of each sample.</summary>
    public int Count => images.Count;

    /// <summary>True when the data pipeline made a mask for view v.</summary>
    public bool HasMask(int view) => masks[view] is not null;

    /// <summary>The mask of view v: booleans <c>[b, patches]</c>, true where hidden.</summary>
    public Tensor Mask(int view) => masks[view]
        ?? throw new InvalidOperationException($"View {view} has no mask; set views.*.mask.kind in the recipe.");

    /// <summary>
    /// How each picture of view v was made of its image <c>[b, 13]</c>, columns of <see cref="ViewDescription"/>; as if it were the whole of a square image where
    /// nobody knows.
    /// </summary>
    public Tensor Description(int view)
        => descriptions?[view] ?? tensor(ViewDescription.Whole()).to(images[view].device).unsqueeze(0).expand(images[view].shape[0], ViewDescription.Length);

    /// <summary>The same views with nothing hidden.</summary>
    public Views WithoutMasks() => new(images, [.. masks.Select(_ => (Tensor?)null)], Labels, descriptions);

    /// <summary>Takes the tensors out of their dispose scope; the caller then disposes of the views.</summary>
    public Views DetachFromDisposeScope()
    {
        foreach (var tensor in Tensors)
            tensor.DetachFromDisposeScope();
        return this;
    }

    public void Dispose()
    {
        foreach (var tensor in Tensors)
            tensor.Dispose();
    }

    private IEnumerable<Tensor> Tensors => images.Concat(masks.OfType<Tensor>()).Concat(descriptions?.OfType<Tensor>() ?? []);
}
